#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| ksc_fuzz::parser(text));
