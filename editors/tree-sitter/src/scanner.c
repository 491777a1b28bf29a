// Which newlines end a statement: none before a line that goes on with the one above. src/source/layout/ has the same rule. Where the
// grammar takes no newline, as within parentheses and behind an infix operator, the scanner is not asked for one.

#include "tree_sitter/parser.h"

#include <wctype.h>

enum Token { NEWLINE, NEVER };

static bool is_word(int32_t c) {
    return iswalnum(c) || c == '_';
}

// Moves over a comment whose first `/` was read. Returns false if that was an operator.
static bool over_comment(TSLexer *lexer) {
    if (lexer->lookahead == '/') {
        while (!lexer->eof(lexer) && lexer->lookahead != '\n')
            lexer->advance(lexer, true);
        return true;
    }
    if (lexer->lookahead != '*')
        return false;
    lexer->advance(lexer, true);
    for (int32_t last = 0; !lexer->eof(lexer); lexer->advance(lexer, true)) {
        if (last == '*' && lexer->lookahead == '/') {
            lexer->advance(lexer, true);
            return true;
        }
        last = lexer->lookahead;
    }
    return true;
}

// Whether the word here is `word`, and not the name of a field.
static bool at_word(TSLexer *lexer, const char *word) {
    for (; *word; word++, lexer->advance(lexer, true))
        if (lexer->lookahead != *word)
            return false;
    if (is_word(lexer->lookahead))
        return false;
    while (lexer->lookahead == ' ' || lexer->lookahead == '\t')
        lexer->advance(lexer, true);
    return lexer->lookahead != ':';
}

// Whether the second character of an operator is one of `characters`.
static bool then(TSLexer *lexer, const char *characters) {
    lexer->advance(lexer, true);
    for (; *characters; characters++)
        if (lexer->lookahead == *characters)
            return true;
    return false;
}

// Whether a line that begins here goes on with the statement above; a block may be its body. `*`, `&`, `-`, `!`, `~`, `@`, `(` and `[` begin a new one.
static bool goes_on(TSLexer *lexer, bool after_slash) {
    if (after_slash)
        return true;
    switch (lexer->lookahead) {
    case '{': case '.': case ',': case ':': case '+': case '%': case '<': case '>': case '=': case '|': case '^': case '?':
        return true;
    case 'a':
        return at_word(lexer, "as");
    case 'c':
        return at_word(lexer, "catch");
    case 'e':
        return at_word(lexer, "else");
    case '!':
        return then(lexer, "=");
    case '*':
        return then(lexer, "=");
    case '-':
        return then(lexer, ">=");
    case '&':
        return then(lexer, "&=");
    default:
        return false;
    }
}

void *tree_sitter_kernelscript_external_scanner_create(void) { return NULL; }
void tree_sitter_kernelscript_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_kernelscript_external_scanner_serialize(void *payload, char *buffer) { (void)payload; (void)buffer; return 0; }
void tree_sitter_kernelscript_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
    (void)payload; (void)buffer; (void)length;
}

bool tree_sitter_kernelscript_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
    (void)payload;
    // After a mistake the parser asks for every token.
    if (valid[NEVER] || !valid[NEWLINE])
        return false;
    while (lexer->lookahead == ' ' || lexer->lookahead == '\t' || lexer->lookahead == '\r')
        lexer->advance(lexer, true);
    if (lexer->lookahead != '\n')
        return false;
    lexer->advance(lexer, false);
    lexer->mark_end(lexer);
    lexer->result_symbol = NEWLINE;
    for (;;) {
        bool slash = false;
        while (iswspace(lexer->lookahead))
            lexer->advance(lexer, true);
        if (lexer->lookahead == '/') {
            lexer->advance(lexer, true);
            if (over_comment(lexer))
                continue;
            slash = true;
        }
        return !goes_on(lexer, slash);
    }
}
