//! The checksums: CRC, Adler, FNV and Jenkins's one at a time.

/// `crc32`: the usual polynomial, as `hash('crc32b')`.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// bzip2's, the highest bit first, which PHP calls `crc32`.
pub(super) fn crc32_bzip2(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = (index as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                crc = crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    !data.iter().fold(!0, |crc: u32, byte| crc << 8 ^ TABLE[(crc >> 24 ^ u32::from(*byte)) as usize])
}

/// Castagnoli's.
pub(super) fn crc32c(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
}

pub(super) fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

const FNV32: (u32, u32) = (0x811c_9dc5, 0x0100_0193);
const FNV64: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

pub(super) fn fnv132(data: &[u8]) -> u32 {
    data.iter().fold(FNV32.0, |hash, byte| hash.wrapping_mul(FNV32.1) ^ u32::from(*byte))
}

pub(super) fn fnv1a32(data: &[u8]) -> u32 {
    data.iter().fold(FNV32.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV32.1))
}

pub(super) fn fnv164(data: &[u8]) -> u64 {
    data.iter().fold(FNV64.0, |hash, byte| hash.wrapping_mul(FNV64.1) ^ u64::from(*byte))
}

pub(super) fn fnv1a64(data: &[u8]) -> u64 {
    data.iter().fold(FNV64.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV64.1))
}

/// Each part is finished by itself: what PHP did while checksums could be keyed, which gives parts their only use here.
pub(super) fn joaat(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |hash, part| {
        let hash = part.iter().fold(hash, |hash: u32, byte| {
            let hash = hash.wrapping_add(u32::from(*byte));
            let hash = hash.wrapping_add(hash << 10);
            hash ^ hash >> 6
        });
        let hash = hash.wrapping_add(hash << 3);
        let hash = hash ^ hash >> 11;
        hash.wrapping_add(hash << 15)
    })
}
