// Colours of KernelScript in the blocks of the book. `ci/book` checks that the words are those of ir-specs/words.toml.
(() => {
    const words = {
        keyword:
            "fn extern include import from pin local var let const config type struct union enum impl if else for in while loop break " +
            "continue return match default try catch throw defer new delete as sizeof offsetof lock priv pub on packet license min_kernel percpu",
        literal: "true false null none",
        type:
            "u8 u16 u32 u64 i8 i16 i32 i64 size_t int bool char void be16 be32 be64 f64 str bytes user arena",
    };
    hljs.registerLanguage("kernelscript", (library) => ({
        keywords: words,
        contains: [
            library.C_LINE_COMMENT_MODE,
            library.C_BLOCK_COMMENT_MODE,
            library.QUOTE_STRING_MODE,
            { className: "string", begin: "'(\\\\.|[^'\\\\])+'" },
            // A member, whatever its name.
            { begin: "\\.[A-Za-z_]\\w*" },
            { className: "meta", begin: "@[A-Za-z_]\\w*" },
            library.C_NUMBER_MODE,
        ],
    }));
    for (const block of document.querySelectorAll("code.language-kernelscript")) {
        hljs.highlightBlock(block);
    }
})();
