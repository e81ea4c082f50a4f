//! Doubles in decimal: the one nearest to a text, and the shortest text that is nearest to none but it
//!
//! Readers and writers of doubles are fast by tables of powers of ten, 20 kB that no browser can compress. Most numbers need none, and the
//! others are few.

use std::fmt::Write as _;

use crate::value::safe_integer;

/// Digits that tell any double from its neighbours and from the middle between them; of further ones it counts only whether all are zero
const TELLING_DIGITS: usize = 768;

/// Ten to this power, and to any below it, is a double.
const EXACT_POWER: i64 = 22;
const LEAST_POWER: i64 = -EXACT_POWER;

/// Below it every integer is a double.
const EXACT_INTEGER: u64 = 1 << 53;

/// Beyond these powers of ten a number of 19 digits or fewer than that is infinite, or zero.
const POWERS: std::ops::RangeInclusive<i64> = -345..=310;

/// The double nearest to a number as JSON writes it, of two equally near ones the even one; infinite where there is none
pub(crate) fn read(text: &str) -> f64 {
    let (magnitude, sign) = match text.strip_prefix('-') {
        Some(magnitude) => (magnitude, -1.0),
        None => (text, 1.0),
    };
    let (mantissa, power) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    let leading = digits().take_while(|digit| *digit == b'0').count();
    let digits = || digits().skip(leading).map(|digit| digit.wrapping_sub(b'0'));
    let count = whole.len().saturating_add(fraction.len());
    let count = count.saturating_sub(leading);
    // What is no number of 64 bits is longer than any text that could make up for it.
    let power: i64 = power.parse().unwrap_or(if power.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    });
    let power = power.saturating_sub_unsigned(fraction.len() as u64);
    sign * if count < 20 {
        let digits = digits().fold(0_u64, |number, digit| {
            number.wrapping_mul(10).wrapping_add(digit.into())
        });
        scaled(digits, power)
    } else {
        let more = count.saturating_sub(TELLING_DIGITS);
        let is_more = digits().skip(TELLING_DIGITS).any(|digit| digit > 0);
        let mut number = Whole::default();
        for digit in digits().take(TELLING_DIGITS) {
            number.multiply(10, digit.into());
        }
        number.times_ten_to(power.saturating_add_unsigned(more as u64), is_more)
    }
}

/// `digits` times ten to `power`
fn scaled(digits: u64, power: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "used where nothing is lost")]
    let exact = digits as f64;
    let factor = || (0..power.abs()).fold(1.0, |factor, _| factor * 10.0);
    match power {
        // Of two doubles that are exact the product and the quotient are rounded once.
        0..=EXACT_POWER if digits < EXACT_INTEGER => exact * factor(),
        LEAST_POWER..0 if digits < EXACT_INTEGER => exact / factor(),
        _ => Whole::from(digits).times_ten_to(power, false),
    }
}

/// A whole number of any size; the least of its words comes first, and none of zero last
#[derive(Debug, Default)]
struct Whole(Vec<u32>);

impl Whole {
    fn from(number: u64) -> Self {
        let mut whole = Self::default();
        whole.push(number);
        whole
    }

    /// Adds words at the top
    fn push(&mut self, mut number: u64) {
        while number > 0 {
            self.0.push(low(number));
            number >>= 32;
        }
    }

    /// Multiplies it and adds to it
    fn multiply(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for word in &mut self.0 {
            carry = u64::from(*word)
                .wrapping_mul(factor.into())
                .wrapping_add(carry);
            *word = low(carry);
            carry >>= 32;
        }
        self.push(carry);
    }

    /// Divides it and tells whether something remains
    fn divide(&mut self, divisor: u32) -> bool {
        let divisor = u64::from(divisor.max(1));
        let mut remainder = 0_u64;
        for word in self.0.iter_mut().rev() {
            let dividend = (remainder << 32) | u64::from(*word);
            *word = low(dividend.checked_div(divisor).unwrap_or_default());
            remainder = dividend.checked_rem(divisor).unwrap_or_default();
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        remainder > 0
    }

    /// The double nearest to it times ten to `power`; where `is_more`, it is a little more than that
    fn times_ten_to(mut self, power: i64, mut is_more: bool) -> f64 {
        /// Five to the power of `FIVES`
        const FIVE: u32 = 1_220_703_125;
        const FIVES: u32 = 13;
        let length = i64::try_from(self.0.len().saturating_mul(10)).unwrap_or(i64::MAX);
        if self.0.is_empty() || power < POWERS.start().saturating_sub(length) {
            return 0.0;
        }
        if power > *POWERS.end() {
            return f64::INFINITY;
        }
        let fives = u32::try_from(power.unsigned_abs()).unwrap_or_default();
        let last = 5_u32.saturating_pow(fives % FIVES);
        let steps = (0..fives / FIVES).map(|_| FIVE).chain([last]);
        let mut shift = 0_usize;
        if power < 0 {
            // Room for a quotient of 64 bits or more: 32 bits for each 13 fives, which take 31, and 96 for the rest.
            shift = usize::try_from(fives / FIVES).unwrap_or_default();
            shift = shift.saturating_add(3);
            self.0.splice(0..0, std::iter::repeat_n(0, shift));
            for divisor in steps {
                is_more |= self.divide(divisor);
            }
        } else {
            for factor in steps {
                self.multiply(factor, 0);
            }
        }
        let twos = i64::try_from(shift.saturating_mul(32)).unwrap_or(i64::MAX);
        self.times_two_to(power.saturating_sub(twos), is_more)
    }

    /// The double nearest to it times two to `power`, for which it has 64 bits or `power` is not negative
    fn times_two_to(&self, power: i64, is_more: bool) -> f64 {
        let mut words = self.0.iter().rev().copied().map(u64::from);
        let mut next = || words.next().unwrap_or_default();
        let top = u128::from(next()) << 64 | u128::from(next()) << 32 | u128::from(next());
        let rest = words.any(|word| word > 0) || is_more;
        // 65 to 96 bits of it, as 64 of which the first is set, and whether there are others
        let excess = 64_u32.saturating_sub(top.leading_zeros());
        let taken = u64::try_from(top >> excess).unwrap_or(u64::MAX);
        let rest = rest || top & !(u128::MAX << excess) != 0;
        let words = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        // The power of two that the first of these bits stands for
        let exponent = power
            .saturating_add(words.saturating_mul(32))
            .saturating_add(excess.into())
            .saturating_sub(33);
        nearest(taken, exponent, rest)
    }
}

/// The double nearest to a number whose first 64 bits these are, the first of them two to `exponent`
fn nearest(bits: u64, exponent: i64, is_more: bool) -> f64 {
    /// Of the least normal double
    const LEAST: i64 = -1022;
    // Doubles below the least normal one have the fewer bits the smaller they are.
    let missing = LEAST.saturating_sub(exponent).max(0);
    let dropped = u32::try_from(missing.saturating_add(11)).unwrap_or(u32::MAX);
    if dropped > 64 {
        return 0.0;
    }
    if exponent > 1023 {
        return f64::INFINITY;
    }
    let wide = u128::from(bits);
    let (kept, lost) = (wide >> dropped, wide & !(u128::MAX << dropped));
    let half = 1_u128 << dropped.saturating_sub(1);
    let is_up = lost > half || (lost == half && (is_more || kept & 1 == 1));
    // The first bit of a normal double is not written but adds one to the exponent, and so does a carry out of the others.
    let biased = u64::try_from(exponent.saturating_sub(LEAST).max(0)).unwrap_or_default();
    let kept = u64::try_from(kept).unwrap_or_default();
    f64::from_bits((biased << 52).wrapping_add(kept).wrapping_add(is_up.into()))
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn low(number: u64) -> u32 {
    number as u32
}

/// The fewest digits that are read as this positive number, the nearest of them, and of two equally near ones the even one: `1.25e-7`
fn shortest(number: f64) -> String {
    /// Only of a number with at most 25 binary places can the middle between two texts of 17 digits be exact, since 5^26 has more than 60
    /// bits; and only of one below 10^40, since 5^23 has more than 53. Such a number has at most 41 digits.
    const BINARY_PLACES: f64 = 33_554_432.0;
    const LIMIT: f64 = 1e40;
    let shortest = format!("{number:e}");
    let (digits, power) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    // The standard library takes the greater of two equally near ones.
    let Some((rest, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
        return shortest;
    };
    let even = match last {
        "1" => "0",
        "3" => "2",
        "5" => "4",
        "7" => "6",
        "9" => "8",
        _ => return shortest,
    };
    if number >= LIMIT || (number * BINARY_PLACES).fract() > 0.0 {
        return shortest;
    }
    let exact = format!("{number:.40e}");
    let (exact, _) = exact.split_once('e').unwrap_or((&exact, ""));
    let point = if rest.is_empty() { "." } else { "" };
    let lower = format!("{rest}{even}e{power}");
    if exact.trim_end_matches('0') == format!("{rest}{even}{point}5")
        && read(&lower).to_bits() == number.to_bits()
    {
        lower
    } else {
        shortest
    }
}

/// Writes a finite number as ECMAScript does
pub(crate) fn write(text: &mut String, number: f64) {
    // Writing to a String cannot fail.
    if let Some(integer) = safe_integer(number) {
        let _ = write!(text, "{integer}");
        return;
    }
    if number < 0.0 {
        text.push('-');
    }
    let scientific = shortest(number.abs());
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (first, others) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power: i32 = power.parse().unwrap_or_default();
    let zeros = |text: &mut String, count| (0..count).for_each(|_| text.push('0'));
    match usize::try_from(power) {
        Ok(places @ ..=20) => {
            text.push_str(first);
            match others.split_at_checked(places) {
                None | Some((_, "")) => {
                    text.push_str(others);
                    zeros(text, places.saturating_sub(others.len()));
                }
                Some((whole, fraction)) => {
                    text.push_str(whole);
                    text.push('.');
                    text.push_str(fraction);
                }
            }
        }
        Err(_) if power >= -6 => {
            text.push_str("0.");
            zeros(
                text,
                usize::try_from(power.saturating_neg())
                    .unwrap_or_default()
                    .saturating_sub(1),
            );
            text.push_str(first);
            text.push_str(others);
        }
        _ => {
            text.push_str(mantissa);
            let _ = write!(text, "e{power:+}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(number: f64) -> String {
        let mut text = String::new();
        write(&mut text, number);
        text
    }

    fn expected(number: f64) -> String {
        ryu_js::Buffer::new().format(number).to_owned()
    }

    fn assert_read(text: &str) {
        let expected: f64 = text.parse().unwrap();
        assert_eq!(read(text).to_bits(), expected.to_bits(), "{text}");
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "digits of sums and halves stay below 256"
    )]
    /// The text of the number in the middle between a double and the next greater one
    fn middle(bits: u64) -> String {
        let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
        // More digits than any double has, and so exact; the sum of two that have a decimal point at the same place.
        let (low, high) = (format!("{low:.1100}"), format!("{high:.1100}"));
        let width = low.len().max(high.len());
        let (low, high) = (format!("{low:0>width$}"), format!("{high:0>width$}"));
        let digits = |text: String| text.bytes().rev().collect::<Vec<_>>();
        let mut carry = 0;
        let mut sum = Vec::new();
        for (a, b) in digits(low).into_iter().zip(digits(high)) {
            if a == b'.' {
                sum.push(b'.');
                continue;
            }
            carry += a - b'0' + b - b'0';
            sum.push(b'0' + carry % 10);
            carry /= 10;
        }
        sum.push(b'0' + carry);
        let mut half = String::new();
        let mut rest = 0;
        for digit in sum.into_iter().rev() {
            if digit == b'.' {
                half.push('.');
                continue;
            }
            rest = rest * 10 + digit - b'0';
            half.push(char::from(b'0' + rest / 2));
            rest %= 2;
        }
        half.push(if rest == 1 { '5' } else { '0' });
        half
    }

    proptest! {
        #[test]
        fn any_double_is_written_as_ecmascript_does_and_read_back(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = written(number);
            prop_assert_eq!(&text, &expected(number));
            prop_assert_eq!(read(&text).to_bits(), number.to_bits());
        }

        #[test]
        fn of_two_equally_near_texts_the_even_one_is_written(mantissa in 0_u64..1 << 53, places in 0_i32..30, factor in 0_i32..24) {
            #[expect(clippy::cast_precision_loss, reason = "53 bits")]
            let number = mantissa as f64;
            for number in [number / 2_f64.powi(places), number * 2_f64.powi(places), (number / 5_f64.powi(factor)).floor() * 10_f64.powi(factor)] {
                prop_assert_eq!(written(number), expected(number));
            }
        }

        #[test]
        fn short_numbers_are_written_as_ecmascript_does(digits in 0_i32..100_000, power in -30_i32..30) {
            let number: f64 = format!("{digits}e{power}").parse().unwrap();
            prop_assert_eq!(written(number), expected(number));
        }

        #[test]
        fn texts_are_read_as_the_standard_library_reads_them(
            text in r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?"
        ) {
            assert_read(&text);
        }

        #[test]
        fn long_texts_are_read_as_the_standard_library_reads_them(
            text in r"[1-9][0-9]{700,900}\.[0-9]{0,100}(0{0,100}1)?e-?[0-9]{1,4}"
        ) {
            assert_read(&text);
        }

        #[test]
        fn what_lies_between_two_doubles_goes_to_the_right_one(bits in 0..f64::MAX.to_bits()) {
            let middle = middle(bits);
            assert_read(&middle);
            assert_read(&format!("{middle}1"));
            assert_read(&middle.replace('5', "49"));
        }
    }

    #[test]
    fn a_number_in_the_middle_of_two_texts_is_the_even_one() {
        let whole = 1_385_971_491_098_716.0;
        assert_eq!(written(whole + 0.25), "1385971491098716.2");
        assert_eq!(written(whole + 0.75), "1385971491098716.8");
    }

    #[test]
    fn the_edges_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "-0",
            "0.0",
            "0e999999999999999999999",
            "1e-99999999999999999999",
            "1e99999999999999999999",
            "1e309",
            "-1e309",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "5e-324",
            "9007199254740991",
            "9007199254740993",
            "9007199254740993.0000000000000000000000000000001",
            "1e22",
            "1e23",
            "18446744073709551615",
            "18446744073709551616",
            "9999999999999999999e-19",
            "0.1",
            "123456789e-22",
            "123456789e-23",
        ] {
            assert_read(text);
            assert_read(&text.replace('e', "E"));
        }
        assert_read(&format!("1{}e-400", "0".repeat(500)));
        assert_read(&format!("0.{}1e400", "0".repeat(500)));
        assert_read(&middle(0));
        assert_read(&middle(f64::MIN_POSITIVE.to_bits() - 1));
        assert_read(&middle(f64::MIN_POSITIVE.to_bits()));
    }
}
