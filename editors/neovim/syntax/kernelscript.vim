" Colours without the grammar for tree-sitter.
if exists("b:current_syntax")
    finish
endif

syntax keyword kernelscriptKeyword as break catch config const continue default defer delete else enum extern fn for from if impl import in include
syntax keyword kernelscriptKeyword let license local loop match min_kernel new offsetof on percpu pin priv pub return sizeof struct throw try type union var while
syntax keyword kernelscriptType be16 be32 be64 bool char f64 i16 i32 i64 i8 int size_t str u16 u32 u64 u8 void
syntax keyword kernelscriptConstant true false null none
syntax match kernelscriptAttribute "@\s*\w\+"
syntax match kernelscriptFunction "\(\<fn\s\+\)\@<=\w\+"
syntax match kernelscriptNumber "\<\(0[xXoObB]\w\+\|\d[0-9_]*\(\.\d\+\)\?\)\>"
syntax match kernelscriptEscape "\\\(x\x\x\|.\)" contained
syntax region kernelscriptString start=+"+ skip=+\\.+ end=+"\|$+ contains=kernelscriptEscape
syntax match kernelscriptString "'\([^'\\]\|\\x\x\x\|\\.\)'"
syntax match kernelscriptComment "//.*$"
syntax region kernelscriptComment start="/\*" end="\*/"

highlight default link kernelscriptKeyword Keyword
highlight default link kernelscriptType Type
highlight default link kernelscriptConstant Constant
highlight default link kernelscriptAttribute PreProc
highlight default link kernelscriptFunction Function
highlight default link kernelscriptNumber Number
highlight default link kernelscriptEscape SpecialChar
highlight default link kernelscriptString String
highlight default link kernelscriptComment Comment

let b:current_syntax = "kernelscript"
