#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| nirvana::fuzz::audit(data));
