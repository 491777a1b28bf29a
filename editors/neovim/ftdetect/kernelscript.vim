autocmd BufRead,BufNewFile *.ks,*.kh set filetype=kernelscript
autocmd BufRead * if getline(1) =~# '^#!.*\<ksc run\>' | set filetype=kernelscript | endif
