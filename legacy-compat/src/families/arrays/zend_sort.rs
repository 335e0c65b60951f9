//! PHP's sorting: from 7.0 insertion for up to 16 elements, else quicksort; in 5.6 another quicksort.
//!
//! An own sort, since comparisons by PHP's rules or by a callback need not be consistent: the standard one may refuse those.

use crate::error::Thrown;

/// Compares two elements; above 0 means that the first belongs behind the second.
pub(crate) type Compare<'a, T> = &'a mut dyn FnMut(&T, &T) -> Result<i64, Thrown>;

/// Sorts in place. Equal elements keep their order among at most 16, beyond that they may not.
pub(crate) fn zend_sort<T>(list: &mut [T], compare: Compare<'_, T>) -> Result<(), Thrown> {
    let mut list = list;
    while list.len() > 16 {
        let split = partition(list, compare)?;
        let (left, right) = list.split_at_mut(split);
        let right = &mut right[1..];
        // The shorter part first: the depth stays logarithmic.
        if left.len() < right.len() {
            zend_sort(left, compare)?;
            list = right;
        } else {
            zend_sort(right, compare)?;
            list = left;
        }
    }
    insertion(list, compare)
}

fn behind<T>(list: &[T], a: usize, b: usize, compare: Compare<'_, T>) -> Result<bool, Thrown> {
    Ok(compare(&list[a], &list[b])? > 0)
}

/// Moves what belongs before the pivot to its left; where the pivot then is.
fn partition<T>(list: &mut [T], compare: Compare<'_, T>) -> Result<usize, Thrown> {
    let (len, middle) = (list.len(), list.len() >> 1);
    if len >> 10 > 0 {
        let delta = middle >> 1;
        sort_places(list, &[0, delta, middle, middle + delta, len - 1], compare)?;
    } else {
        sort_places(list, &[0, middle, len - 1], compare)?;
    }
    list.swap(1, middle);
    let (mut i, mut j) = (2, len - 1);
    'done: loop {
        while behind(list, 1, i, compare)? {
            i += 1;
            if i == j {
                break 'done;
            }
        }
        j -= 1;
        if j == i {
            break;
        }
        while behind(list, j, 1, compare)? {
            j -= 1;
            if j == i {
                break 'done;
            }
        }
        list.swap(i, j);
        i += 1;
        if i == j {
            break;
        }
    }
    list.swap(1, i - 1);
    Ok(i - 1)
}

/// Sorts the elements at three, four or five places.
fn sort_places<T>(list: &mut [T], places: &[usize], compare: Compare<'_, T>) -> Result<(), Thrown> {
    match *places {
        [a, b] if behind(list, a, b, compare)? => {
            list.swap(a, b);
        }
        [a, b, c] => {
            if !behind(list, a, b, compare)? {
                if behind(list, b, c, compare)? {
                    list.swap(b, c);
                    if behind(list, a, b, compare)? {
                        list.swap(a, b);
                    }
                }
            } else if !behind(list, c, b, compare)? {
                list.swap(a, c);
            } else {
                list.swap(a, b);
                if behind(list, b, c, compare)? {
                    list.swap(b, c);
                }
            }
        }
        [ref rest @ .., last] if !rest.is_empty() => {
            sort_places(list, rest, compare)?;
            let mut at = last;
            for before in rest.iter().rev() {
                if !behind(list, *before, at, compare)? {
                    break;
                }
                list.swap(*before, at);
                at = *before;
            }
        }
        _ => {}
    }
    Ok(())
}

fn insertion<T>(list: &mut [T], compare: Compare<'_, T>) -> Result<(), Thrown> {
    match list.len() {
        0 | 1 => return Ok(()),
        2 => return sort_places(list, &[0, 1], compare),
        3 => return sort_places(list, &[0, 1, 2], compare),
        4 => return sort_places(list, &[0, 1, 2, 3], compare),
        5 => return sort_places(list, &[0, 1, 2, 3, 4], compare),
        _ => {}
    }
    for i in 1..list.len() {
        if behind(list, i - 1, i, compare)? {
            let place = if i < 6 { step_back(list, i, compare)? } else { leap_back(list, i, compare)? };
            list[place..=i].rotate_right(1);
        }
    }
    Ok(())
}

/// Where an element belongs that the one before it is behind: found one by one.
fn step_back<T>(list: &[T], i: usize, compare: Compare<'_, T>) -> Result<usize, Thrown> {
    let mut place = i - 1;
    while place > 0 && behind(list, place - 1, i, compare)? {
        place -= 1;
    }
    Ok(place)
}

/// The same in steps of two. Which pairs are compared matters where a comparison is not consistent.
fn leap_back<T>(list: &[T], i: usize, compare: Compare<'_, T>) -> Result<usize, Thrown> {
    let mut place = i - 1;
    loop {
        place -= 2;
        if !behind(list, place, i, compare)? {
            place += 1;
            return Ok(if behind(list, place, i, compare)? { place } else { place + 1 });
        }
        match place {
            0 => return Ok(0),
            1 => return Ok(usize::from(behind(list, i, 0, compare)?)),
            _ => {}
        }
    }
}

/// Sorts in place as PHP 5 did: a quicksort that takes the middle for its pivot.
pub(crate) fn quick_sort<T>(list: &mut [T], compare: Compare<'_, T>) -> Result<(), Thrown> {
    let mut open = vec![(0, list.len())];
    while let Some((mut start, mut end)) = open.pop() {
        while start + 1 < end {
            let pivot = quick_partition(&mut list[start..end], compare)? + start;
            // The longer part waits: few parts wait at a time.
            if pivot - start < end - pivot {
                open.push((pivot + 1, end));
                end = pivot;
            } else {
                open.push((start, pivot));
                start = pivot + 1;
            }
        }
    }
    Ok(())
}

/// Moves what belongs before the pivot to its left; where the pivot then is.
fn quick_partition<T>(list: &mut [T], compare: Compare<'_, T>) -> Result<usize, Thrown> {
    list.swap(0, (list.len() - 1) / 2);
    let (mut low, mut high) = (1, list.len() - 1);
    loop {
        while low < high && behind(list, 0, low, compare)? {
            low += 1;
        }
        while high >= low && behind(list, high, 0, compare)? {
            high -= 1;
        }
        if low >= high {
            break;
        }
        list.swap(low, high);
        (low, high) = (low + 1, high - 1);
    }
    list.swap(0, high);
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_any_length_and_survives_a_mad_comparison() {
        for len in [0, 1, 2, 3, 4, 5, 6, 16, 17, 100, 2000] {
            let mut list: Vec<i64> = (0..len).map(|i| i * 7919 % 1009).collect();
            let mut sorted = list.clone();
            sorted.sort_unstable();
            zend_sort(&mut list, &mut |a, b| Ok(a - b)).unwrap();
            assert_eq!(list, sorted, "{len}");
            list.rotate_left(len as usize / 3);
            quick_sort(&mut list, &mut |a, b| Ok(a - b)).unwrap();
            assert_eq!(list, sorted, "{len}");
            for answer in [1, -1, 0] {
                zend_sort(&mut list, &mut |_, _| Ok(answer)).unwrap();
                quick_sort(&mut list, &mut |_, _| Ok(answer)).unwrap();
            }
        }
    }
}
