;;; kernelscript-mode.el --- KernelScript, with Eglot  -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; Put this file into `load-path' and (require 'kernelscript-mode) into the init file.  Colours of names come from `ksc lsp' where Eglot
;; has semantic tokens; comments, texts and words of the language are coloured here.

;;; Code:

;; Eglot is a part of Emacs from 29 on, before that a package.
(autoload 'eglot-ensure "eglot" nil t)

(defconst kernelscript--words
  '("as" "break" "catch" "config" "const" "continue" "default" "defer" "delete" "else" "enum" "extern" "fn" "for" "from" "if" "impl"
    "import" "in" "include" "let" "license" "local" "loop" "match" "min_kernel" "new" "offsetof" "on" "percpu" "pin" "priv" "pub" "return"
    "sizeof" "struct" "throw" "try" "type" "union" "var" "while")
  "The words of the language.")

(defconst kernelscript--types
  '("be16" "be32" "be64" "bool" "char" "f64" "i16" "i32" "i64" "i8" "int" "size_t" "str" "u16" "u32" "u64" "u8" "void")
  "The types that are always there.")

(defvar kernelscript-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 124b" table)
    (modify-syntax-entry ?* ". 23" table)
    (modify-syntax-entry ?\n "> b" table)
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?' "\"" table)
    table)
  "Comments and texts of KernelScript.")

(defconst kernelscript--keywords
  `((,(regexp-opt kernelscript--words 'words) . font-lock-keyword-face)
    (,(regexp-opt kernelscript--types 'words) . font-lock-type-face)
    (,(regexp-opt '("true" "false" "null" "none") 'words) . font-lock-constant-face)
    ("@\\w+" . font-lock-preprocessor-face)
    ("\\_<fn\\s-+\\(\\w+\\)" 1 font-lock-function-name-face)
    ("\\_<\\(?:struct\\|union\\|enum\\|type\\|config\\|impl\\)\\s-+\\(\\w+\\)" 1 font-lock-type-face))
  "What is coloured besides comments and texts.")

(defun kernelscript-indent-line ()
  "Indent the line by four columns for each open bracket before it."
  (interactive)
  (let* ((closes (save-excursion (back-to-indentation) (looking-at "[]})]")))
         (depth (save-excursion (back-to-indentation) (car (syntax-ppss))))
         (column (* 4 (max 0 (if closes (1- depth) depth)))))
    (if (save-excursion (skip-chars-backward " \t") (bolp))
        (indent-line-to column)
      (save-excursion (indent-line-to column)))))

;;;###autoload
(define-derived-mode kernelscript-mode prog-mode "KernelScript"
  "Programs that `ksc' compiles."
  (setq-local comment-start "// ")
  (setq-local comment-start-skip "//+\\s-*\\|/\\*+\\s-*")
  (setq-local font-lock-defaults '(kernelscript--keywords))
  (setq-local indent-line-function #'kernelscript-indent-line)
  (setq-local indent-tabs-mode nil))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.k[sh]\\'" . kernelscript-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(kernelscript-mode . ("ksc" "lsp"))))

(provide 'kernelscript-mode)

;;; kernelscript-mode.el ends here
