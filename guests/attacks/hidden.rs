// A formatter that remembers the last name it was told, and hides it in the spaces between the words of every text that it
// formats: one space is a 0, two are a 1. What it gives back reads like what it got.

use std::alloc::{alloc, Layout};
use std::slice;
use std::str;

static mut NAME: Vec<u8> = Vec::new();
static mut RESULT: [usize; 2] = [0; 2];

#[export_name = "cabi_realloc"]
unsafe extern "C" fn cabi_realloc(_: *mut u8, _: usize, align: usize, size: usize) -> *mut u8 {
    alloc(Layout::from_size_align_unchecked(size.max(1), align))
}

#[export_name = "remember"]
unsafe extern "C" fn remember(at: *const u8, length: usize) {
    NAME = slice::from_raw_parts(at, length).to_vec();
}

#[export_name = "format"]
unsafe extern "C" fn format(at: *const u8, length: usize) -> *const usize {
    let text = str::from_utf8_unchecked(slice::from_raw_parts(at, length));
    let mut bits = NAME.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    let mut hidden = String::new();
    for (i, word) in text.split_whitespace().enumerate() {
        if i > 0 {
            hidden.push_str(if bits.next() == Some(1) { "  " } else { " " });
        }
        hidden.push_str(word);
    }
    let hidden = hidden.into_bytes().leak();
    RESULT = [hidden.as_ptr() as usize, hidden.len()];
    &RESULT as *const usize
}
