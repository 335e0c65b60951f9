//! The binding to PCRE2, the library that PHP's `preg_*` run on too.
//!
//! The only `unsafe` of the crate: each block calls one function of the C library, whose contract is kept by the types here.

#![allow(unsafe_code)]

use std::ptr::{self, NonNull};

use pcre2_sys::*;

use crate::php::Php;
use crate::value::Str;

/// A compiled pattern.
pub(crate) struct Code {
    code: NonNull<pcre2_code_8>,
    names: Vec<(usize, Str)>,
    groups: usize,
    pub utf: bool,
}

// SAFETY: PCRE2 documents a compiled pattern as read-only while matching; match data are made for each match.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// The error of a match that ends before it begins.
pub(crate) const ENDS_BEFORE_IT_BEGINS: i32 = PCRE2_ERROR_INTERNAL;

/// Why a pattern does not compile: PCRE2's number and the place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompileError {
    pub code: i32,
    pub offset: usize,
}

/// What a match found: the places of the groups, none for those that did not take part; the last that did is the last here.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub groups: Vec<Option<(usize, usize)>>,
    pub mark: Option<Str>,
}

impl Found {
    pub(crate) fn whole(&self) -> (usize, usize) {
        self.groups.first().copied().flatten().unwrap_or((0, 0))
    }
}

impl Code {
    /// Compiles a pattern; `extra` are those options that PCRE2 takes in a context.
    pub(crate) fn compile(pattern: &[u8], options: u32, extra: u32) -> Result<Self, CompileError> {
        let (mut error, mut offset) = (0, 0);
        // SAFETY: pattern and length are of one slice; the out parameters live through the call. The context is ours and freed
        // once; null is a documented default for it and for the general context, and freeing null is allowed.
        let code = unsafe {
            let context = pcre2_compile_context_create_8(ptr::null_mut());
            if !context.is_null() {
                pcre2_set_compile_extra_options_8(context, extra);
            }
            let code =
                pcre2_compile_8(pattern.as_ptr(), pattern.len(), options, &mut error, &mut offset, context);
            pcre2_compile_context_free_8(context);
            code
        };
        let code = NonNull::new(code).ok_or(CompileError { code: error, offset })?;
        // SAFETY: the code was just made and is ours. A failure only means that matching is interpreted.
        unsafe { pcre2_jit_compile_8(code.as_ptr(), PCRE2_JIT_COMPLETE) };
        let mut this = Self { code, names: Vec::new(), groups: 0, utf: options & PCRE2_UTF != 0 };
        this.groups = this.info(PCRE2_INFO_CAPTURECOUNT) as usize;
        this.names = this.read_names();
        Ok(this)
    }

    fn info(&self, what: u32) -> u32 {
        let mut answer = 0u32;
        // SAFETY: only asked for what PCRE2 documents as a uint32_t.
        unsafe { pcre2_pattern_info_8(self.code.as_ptr(), what, (&raw mut answer).cast()) };
        answer
    }

    fn read_names(&self) -> Vec<(usize, Str)> {
        let (count, size) =
            (self.info(PCRE2_INFO_NAMECOUNT) as usize, self.info(PCRE2_INFO_NAMEENTRYSIZE) as usize);
        let mut table: *const u8 = ptr::null();
        if count == 0 {
            return Vec::new();
        }
        // SAFETY: PCRE2_INFO_NAMETABLE stores a pointer to `count` entries of `size` bytes that live as long as the code.
        let table = unsafe {
            pcre2_pattern_info_8(self.code.as_ptr(), PCRE2_INFO_NAMETABLE, (&raw mut table).cast());
            std::slice::from_raw_parts(table, count * size)
        };
        let entry = |entry: &[u8]| {
            let name = &entry[2..];
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            (usize::from(entry[0]) << 8 | usize::from(entry[1]), Str::new(&name[..end]))
        };
        table.chunks(size).map(entry).collect()
    }

    /// How many groups there are, without the whole.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// The name of a group.
    pub(crate) fn name(&self, group: usize) -> Option<&Str> {
        self.names.iter().find(|(number, _)| *number == group).map(|(_, name)| name)
    }

    /// Matches from an offset on; `Ok(None)` for no match, the number of PCRE2's error otherwise.
    pub(crate) fn find(
        &self,
        php: &Php,
        subject: &[u8],
        offset: usize,
        options: u32,
    ) -> Result<Option<Found>, i32> {
        let data = MatchData::new(self, php.backtrack_limit);
        let options = if php.pcre_jit { options } else { options | PCRE2_NO_JIT };
        // SAFETY: subject and length are of one slice, the offset is checked by PCRE2, data and context are alive.
        let found = unsafe {
            pcre2_match_8(
                self.code.as_ptr(),
                subject.as_ptr(),
                subject.len(),
                offset,
                options,
                data.data,
                data.context,
            )
        };
        match found {
            PCRE2_ERROR_NOMATCH => Ok(None),
            ..0 => Err(found),
            count => match data.found(count as usize) {
                // `\K` in a lookahead makes a match end before it begins, of which PHP makes nothing.
                Found { groups, .. } if groups.first() == Some(&None) => Err(ENDS_BEFORE_IT_BEGINS),
                found => Ok(Some(found)),
            },
        }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: made by pcre2_compile and freed once.
        unsafe { pcre2_code_free_8(self.code.as_ptr()) };
    }
}

/// Room for one match, and its limits.
struct MatchData {
    data: *mut pcre2_match_data_8,
    context: *mut pcre2_match_context_8,
}

impl MatchData {
    fn new(code: &Code, match_limit: u32) -> Self {
        // SAFETY: plain constructors; null is a documented default for the general context. Both results are freed in drop,
        // and PCRE2 takes null for either as "no room" or "no context".
        unsafe {
            let context = pcre2_match_context_create_8(ptr::null_mut());
            if !context.is_null() {
                pcre2_set_match_limit_8(context, match_limit);
            }
            Self {
                data: pcre2_match_data_create_from_pattern_8(code.code.as_ptr(), ptr::null_mut()),
                context,
            }
        }
    }

    fn found(&self, count: usize) -> Found {
        // SAFETY: after a match the vector holds `count` pairs at least, and the mark is a string that ends in NUL.
        let (pairs, mark) = unsafe {
            let pairs = std::slice::from_raw_parts(pcre2_get_ovector_pointer_8(self.data), 2 * count);
            let mark = pcre2_get_mark_8(self.data);
            let mark = (!mark.is_null()).then(|| std::ffi::CStr::from_ptr(mark.cast()).to_bytes());
            (pairs, mark.map(Str::new))
        };
        let place =
            |pair: &[usize]| (pair[0] != PCRE2_UNSET && pair[0] <= pair[1]).then_some((pair[0], pair[1]));
        Found { groups: pairs.chunks(2).map(place).collect(), mark }
    }
}

impl Drop for MatchData {
    fn drop(&mut self) {
        // SAFETY: made in `new` and freed once; freeing null is allowed.
        unsafe {
            pcre2_match_data_free_8(self.data);
            pcre2_match_context_free_8(self.context);
        }
    }
}
