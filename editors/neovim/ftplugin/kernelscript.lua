-- The language server and the options of a buffer. Neovim 0.7 or newer.
vim.bo.commentstring = "// %s"
vim.bo.expandtab = true
vim.bo.shiftwidth = 4

local config = { name = "ksc", cmd = { "ksc", "lsp" }, root_dir = vim.fn.expand("%:p:h") }
if vim.lsp.start then
    vim.lsp.start(config)
else
    vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
end

-- Colours by the grammar, where it is installed.
if vim.treesitter and vim.treesitter.start then
    pcall(vim.treesitter.start)
end
