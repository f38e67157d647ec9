//! A fixed number of changed inputs from a seed: always the same, on every machine, without libFuzzer.

/// A source of inputs: what it makes depends on nothing but the number that it begins with.
#[derive(Debug)]
pub struct Mutations {
    state: u64,
}

/// What stands in the dictionaries, or is dear to parsers.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"  ",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"'",
    b",",
    b"#",
    b"&a ",
    b"*a",
    b"|\n",
    b">-\n",
    b"!!int ",
    b"<<: *a\n",
    b"? ",
    b"---\n",
    b"${",
    b"${LONG:-1}",
    b"$${",
    b"~",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"1e999",
    b"1e-999",
    b"18446744073709551616",
    b"null",
    b"true",
    b"depends_on_step: a\n",
    b"environments: {production: {}}\n",
    b"\"$ref\":\"#\"",
    b"\"default\":{}",
    b"/",
    b"~1",
];

impl Mutations {
    /// Another `number`, other inputs.
    pub fn new(number: u64) -> Self {
        Self {
            state: number.wrapping_mul(2).wrapping_add(1),
        }
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Below `end`, or 0 where that is 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// One of `seeds` with up to eight changes.
    pub fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        const LONGEST: usize = 16 << 10;
        let mut input = seeds.get(self.below(seeds.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(8) {
            let at = self.below(input.len());
            let end = (at + 1 + self.below(40)).min(input.len());
            match self.below(6) {
                0 => drop(input.drain(at..end)),
                1 => drop(input.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                2 if !input.is_empty() => input[at] = self.next().to_le_bytes()[0],
                3 if !input.is_empty() => input[at] ^= 1 << self.below(8),
                4 => {
                    let piece = input[at..end].to_vec();
                    let times = 1 + self.below(3);
                    drop(input.splice(at..at, piece.repeat(times)));
                }
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    let piece = other[from..(from + self.below(80)).min(other.len())].to_vec();
                    drop(input.splice(at..at, piece));
                }
            }
        }
        input.truncate(LONGEST);
        input
    }
}
