-- Asks the server of the open text what a person asks, and prints the answers.
local function answer(method, more)
    local params = vim.lsp.util.make_position_params()
    for key, value in pairs(more or {}) do
        params[key] = value
    end
    local answers = vim.lsp.buf_request_sync(0, method, params, 20000)
    for _, each in pairs(answers or {}) do
        return each.result
    end
end

local function at(line, column)
    vim.api.nvim_win_set_cursor(0, { line, column })
end

local function asked()
    vim.wait(20000, function() return #vim.lsp.buf_get_clients(0) > 0 end)
    vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end)
    for _, found in ipairs(vim.diagnostic.get(0)) do
        print("diagnostic", found.lnum + 1, found.col + 1, found.message:match("[^\n]*"))
    end
    at(5, 15)
    print("hover", (answer("textDocument/hover").contents.value:gsub("\n", " ")))
    local place = answer("textDocument/definition")
    print("definition", place.range.start.line + 1, place.range.start.character + 1)
    local changes = answer("textDocument/rename", { newName = "count" })
    for _, edits in pairs(changes.changes) do
        print("rename", #edits)
    end
    vim.lsp.util.apply_workspace_edit(changes, "utf-16")
    print("text", vim.api.nvim_buf_get_lines(0, 1, 2, true)[1])
    vim.api.nvim_buf_set_lines(0, 5, 6, true, { "    n = cou" })
    at(6, 10)
    for _, item in ipairs(answer("textDocument/completion").items) do
        if item.label == "count" then
            print("completion", item.label, item.detail)
        end
    end
    vim.api.nvim_buf_set_lines(0, 5, 6, true, { "    print(\"%llu\", n)" })
    vim.lsp.buf.formatting_sync({ tabSize = 4, insertSpaces = true }, 20000)
    print("formatted", vim.api.nvim_buf_get_lines(0, 4, 5, true)[1])
    vim.wait(20000, function() return #vim.diagnostic.get(0) == 0 end)
    print("left", #vim.diagnostic.get(0))
end

local done, why = pcall(asked)
if not done then
    print(why)
end
vim.cmd("qa!")
