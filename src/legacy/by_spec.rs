//! What is kept for a legacy from request to request, and let go with the last generation that knows it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::spec::Spec;

/// One core's things, found by where the spec lies in memory: hashing it for each request would cost more than the
/// look-up saves. A weak pointer keeps that place from being given to another.
#[derive(Debug)]
pub(crate) struct BySpec<T>(RefCell<Vec<(Weak<Spec>, T)>>);

impl<T> Default for BySpec<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> BySpec<T> {
    /// What belongs to `spec`; made when it is first asked for.
    pub(crate) fn get(&self, spec: &Arc<Spec>, make: impl FnOnce() -> T) -> T {
        let mut known = self.0.borrow_mut();
        if let Some((_, thing)) = known.iter().find(|(known, _)| known.as_ptr() == Arc::as_ptr(spec)) {
            return thing.clone();
        }
        // Made before the old ones go, so that it can share with them.
        let thing = make();
        known.retain(|(known, _)| known.strong_count() > 0);
        known.push((Arc::downgrade(spec), thing.clone()));
        thing
    }
}

/// The process's things, one for each key (an address, most of the time) that something still uses.
#[derive(Debug)]
pub(crate) struct ByKey<K, T>(Mutex<BTreeMap<K, Weak<T>>>);

impl<K, T> Default for ByKey<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone, T> ByKey<K, T> {
    /// What belongs to `key`; made when it is first asked for.
    pub(crate) fn get(&self, key: &K, make: impl FnOnce() -> T) -> Arc<T> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thing) = known.get(key).and_then(Weak::upgrade) {
            return thing;
        }
        known.retain(|_, thing| thing.strong_count() > 0);
        let thing = Arc::new(make());
        known.insert(key.clone(), Arc::downgrade(&thing));
        thing
    }

    /// All that are in use, in order.
    pub(crate) fn all(&self) -> Vec<(K, Arc<T>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(|(key, thing)| Some((key.clone(), thing.upgrade()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::spec::{Address, Kind};
    use crate::legacy::testing::{http, spec};

    fn legacy() -> Arc<Spec> {
        Arc::new(spec(Kind::Http(http(["a:1"]))))
    }

    #[test]
    fn generations_share_what_belongs_to_an_address_and_the_last_one_lets_go() {
        let (cores, shared) = ([BySpec::default(), BySpec::default()], ByKey::<Address, u32>::default());
        let address = Address::Tcp("a:1".into());
        let (old, new) = (legacy(), legacy());
        for core in &cores {
            assert_eq!(*core.get(&old, || shared.get(&address, || 1)), 1);
        }
        drop(old);
        for core in &cores {
            assert_eq!(*core.get(&new, || shared.get(&address, || 2)), 1, "shared with the old generation");
            assert_eq!(core.0.borrow().len(), 1, "nothing of the old generation is left");
        }
        drop(new);
        let next = legacy();
        for core in &cores {
            core.get(&next, || Arc::new(3));
        }
        assert_eq!(shared.all().len(), 0);
    }
}
