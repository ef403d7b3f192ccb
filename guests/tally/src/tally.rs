// Counts words, and reads values. The canonical ABI is written by hand, with a resource that callers own and lend.

// Only the pointer to a `Tally` leaves this module.
#![allow(improper_ctypes, improper_ctypes_definitions)]

use std::alloc::{alloc, dealloc, realloc, Layout};
use std::collections::BTreeMap;
use std::slice;

#[derive(Default)]
pub struct Tally {
    stop_words: Vec<String>,
    counts: BTreeMap<String, u32>,
}

impl Tally {
    fn add(&mut self, text: &str) -> u32 {
        let mut counted = 0;
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word = word.to_lowercase();
            if self.stop_words.contains(&word) {
                continue;
            }
            *self.counts.entry(word).or_insert(0) += 1;
            counted += 1;
        }
        counted
    }

    fn take(&mut self, counts: BTreeMap<String, u32>) {
        for (word, count) in counts {
            *self.counts.entry(word).or_insert(0) += count;
        }
    }

    fn top(&self, limit: usize) -> Vec<(&str, u32)> {
        let mut words: Vec<(&str, u32)> = self.counts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words.truncate(limit);
        words
    }
}

// Memory. `ALIVE` and `RESULT` are used by one thread only: there are no others here.

static mut ALIVE: u32 = 0;
static mut RESULT: [u64; 4] = [0; 4];

#[export_name = "cabi_realloc"]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    let at = if old_size == 0 {
        alloc(Layout::from_size_align_unchecked(size, align))
    } else {
        realloc(old, Layout::from_size_align_unchecked(old_size, align), size)
    };
    if at.is_null() {
        core::arch::wasm32::unreachable();
    }
    at
}

unsafe fn free(at: *mut u8, size: usize, align: usize) {
    if size > 0 {
        dealloc(at, Layout::from_size_align_unchecked(size, align));
    }
}

/// What the caller put there with `cabi_realloc` is ours.
unsafe fn text(at: *mut u8, length: usize) -> String {
    String::from_utf8_unchecked(bytes(at, length))
}

unsafe fn bytes(at: *mut u8, length: usize) -> Vec<u8> {
    if length == 0 {
        Vec::new()
    } else {
        Vec::from_raw_parts(at, length, length)
    }
}

unsafe fn write(at: *mut u8, offset: usize, value: u32) {
    (at.add(offset) as *mut u32).write(value);
}

/// Leaves the text behind until its post-return function comes for it.
unsafe fn leave(at: *mut u8, offset: usize, text: &str) {
    let copy = Box::leak(text.as_bytes().to_vec().into_boxed_slice());
    write(at, offset, copy.as_ptr() as u32);
    write(at, offset + 4, copy.len() as u32);
}

unsafe fn pick_up(at: *mut u8, offset: usize) {
    let pointer = *(at.add(offset) as *const u32) as *mut u8;
    let length = *(at.add(offset + 4) as *const u32) as usize;
    drop(text(pointer, length));
}

unsafe fn result() -> *mut u8 {
    RESULT = [0; 4];
    RESULT.as_mut_ptr() as *mut u8
}

// desk:tally/words

#[link(wasm_import_module = "[export]desk:tally/words")]
extern "C" {
    #[link_name = "[resource-new]tally"]
    fn resource_new(tally: *mut Tally) -> u32;
    #[link_name = "[resource-rep]tally"]
    fn resource_rep(handle: u32) -> *mut Tally;
    #[link_name = "[resource-drop]tally"]
    fn resource_drop(handle: u32);
}

unsafe fn own(tally: Tally) -> u32 {
    ALIVE += 1;
    resource_new(Box::into_raw(Box::new(tally)))
}

#[export_name = "desk:tally/words#[dtor]tally"]
unsafe extern "C" fn drop_tally(tally: *mut Tally) {
    ALIVE -= 1;
    drop(Box::from_raw(tally));
}

#[export_name = "desk:tally/words#[constructor]tally"]
unsafe extern "C" fn new_tally(at: *mut u8, length: usize) -> u32 {
    let pairs = slice::from_raw_parts(at as *const [u32; 2], length);
    let stop_words = pairs.iter().map(|[at, length]| text(*at as *mut u8, *length as usize)).collect();
    free(at, length * 8, 4);
    own(Tally { stop_words, counts: BTreeMap::new() })
}

#[export_name = "desk:tally/words#[method]tally.add"]
unsafe extern "C" fn add(tally: *mut Tally, at: *mut u8, length: usize) -> u32 {
    (*tally).add(&text(at, length))
}

#[export_name = "desk:tally/words#[method]tally.top"]
unsafe extern "C" fn top(tally: *mut Tally, limit: u32) -> *mut u8 {
    let words = (*tally).top(limit as usize);
    let list = cabi_realloc(std::ptr::null_mut(), 0, 4, words.len() * 12);
    for (i, (word, count)) in words.iter().enumerate() {
        leave(list, i * 12, word);
        write(list, i * 12 + 8, *count);
    }
    let out = result();
    write(out, 0, list as u32);
    write(out, 4, words.len() as u32);
    out
}

#[export_name = "cabi_post_desk:tally/words#[method]tally.top"]
unsafe extern "C" fn top_done(out: *mut u8) {
    let [list, length] = *(out as *const [u32; 2]);
    for i in 0..length as usize {
        pick_up(list as *mut u8, i * 12);
    }
    free(list as *mut u8, length as usize * 12, 4);
}

#[export_name = "desk:tally/words#[method]tally.absorb"]
unsafe extern "C" fn absorb(tally: *mut Tally, other: u32) {
    let counts = std::mem::take(&mut (*resource_rep(other)).counts);
    (*tally).take(counts);
    resource_drop(other);
}

#[export_name = "desk:tally/words#[static]tally.merged"]
unsafe extern "C" fn merged(one: *mut Tally, other: *mut Tally) -> u32 {
    let mut tally = Tally { stop_words: Vec::new(), counts: (*one).counts.clone() };
    tally.take((*other).counts.clone());
    own(tally)
}

#[export_name = "desk:tally/words#alive"]
unsafe extern "C" fn alive() -> u32 {
    ALIVE
}

// desk:tally/value

#[export_name = "desk:tally/value#parse"]
unsafe extern "C" fn parse(at: *mut u8, length: usize) -> *mut u8 {
    let text = text(at, length);
    let out = result();
    // result<value, mistake>: its case at 0, and from 8 on a value (case at 8, payload at 16) or a mistake.
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (None, _) => *out.add(8) = 0,
        (Some('"'), _) if text.len() > 1 && text.ends_with('"') => {
            *out.add(8) = 5;
            leave(out, 16, &text[1..text.len() - 1]);
        }
        (Some('"'), _) => {
            *out = 1;
            write(out, 8, text.chars().count() as u32);
            leave(out, 12, "a quotation mark");
        }
        _ if text == "true" || text == "false" => {
            *out.add(8) = 1;
            *out.add(16) = (text == "true") as u8;
        }
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => {
                *out.add(8) = 2;
                (out.add(16) as *mut i64).write(whole);
            }
            (_, Ok(real)) => {
                *out.add(8) = 3;
                (out.add(16) as *mut f64).write(real);
            }
            _ if text.chars().count() == 1 => {
                *out.add(8) = 4;
                write(out, 16, text.chars().next().unwrap_or(' ') as u32);
            }
            _ => {
                *out = 1;
                leave(out, 12, "a value");
            }
        },
    }
    out
}

#[export_name = "cabi_post_desk:tally/value#parse"]
unsafe extern "C" fn parse_done(out: *mut u8) {
    match (*out, *out.add(8)) {
        (1, _) => pick_up(out, 12),
        (_, 5) => pick_up(out, 16),
        _ => (),
    }
}
