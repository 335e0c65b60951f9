//! PHP's sorting: insertion for up to 16 elements, else quicksort, as in PHP from 7.0.
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
        let mut place = i;
        while place > 0 && behind(list, place - 1, i, compare)? {
            place -= 1;
        }
        list[place..=i].rotate_right(1);
    }
    Ok(())
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
            zend_sort(&mut list, &mut |_, _| Ok(1)).unwrap();
            zend_sort(&mut list, &mut |_, _| Ok(-1)).unwrap();
        }
    }
}
