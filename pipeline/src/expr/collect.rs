//! Operations over many values: macros, lists and maps that are made, texts that are put together.

use legacy_compat::{Array, Object, Str, Value, cast};
use smallvec::SmallVec;

use super::error::{EvalError, Evaluated};
use super::eval::{Frame, Program};
use super::op::{Fold, FoldKind, Id};
use super::values::{self, Items, SIZE_MAX};

impl Program {
    /// The values of all these.
    pub(super) fn all(&self, ids: &[Id], frame: &Frame) -> Evaluated<Vec<Value>> {
        ids.iter().map(|id| Ok(self.get(*id, frame)?.into_owned())).collect()
    }

    fn items(&self, fold: &Fold, frame: &Frame) -> Evaluated<Vec<Value>> {
        let over = self.get(fold.over, frame)?;
        Ok(Items::of(&over).ok_or(EvalError::NoOverload("a macro over items"))?.iterate())
    }

    fn enter(&self, fold: &Fold, item: Value, frame: &Frame) -> Evaluated<()> {
        frame.step()?;
        frame.locals[fold.local as usize].replace(item);
        Ok(())
    }

    /// `all`, `exists`, `exists_one`. As with `&&` and `||`, the decisive item wins over an error beside it.
    pub(super) fn quantify(&self, fold: &Fold, frame: &Frame) -> Evaluated<bool> {
        let test = fold.test.ok_or(EvalError::NoOverload("a macro without condition"))?;
        let (mut count, mut pending) = (0, None);
        for item in self.items(fold, frame)? {
            self.enter(fold, item, frame)?;
            match (self.truth(test, frame), fold.kind) {
                (Err(limit @ EvalError::Limit(_)), _) => return Err(limit),
                (Err(error), FoldKind::ExistsOne) => return Err(error),
                (Err(error), _) => pending = Some(error),
                (Ok(false), FoldKind::All) => return Ok(false),
                (Ok(true), FoldKind::Exists) => return Ok(true),
                (Ok(truth), _) => count += usize::from(truth),
            }
        }
        match (pending, fold.kind) {
            (Some(error), _) => Err(error),
            (None, FoldKind::All) => Ok(true),
            (None, FoldKind::ExistsOne) => Ok(count == 1),
            (None, _) => Ok(false),
        }
    }

    /// `map` and `filter`
    pub(super) fn collect(&self, fold: &Fold, frame: &Frame) -> Evaluated<Value> {
        let mut list = Vec::new();
        for item in self.items(fold, frame)? {
            self.enter(fold, item.clone(), frame)?;
            if let Some(test) = fold.test
                && !self.truth(test, frame)?
            {
                continue;
            }
            list.push(match fold.item {
                Some(become_) => self.get(become_, frame)?.into_owned(),
                None => item,
            });
        }
        Ok(Value::Array(list.into_iter().collect()))
    }

    /// `{…}`
    pub(super) fn map(&self, entries: &[(Id, Id)], frame: &Frame) -> Evaluated<Value> {
        let mut map = Array::map_with_capacity(entries.len());
        for (key, value) in entries {
            let key = values::key_of(&*self.get(*key, frame)?).ok_or(EvalError::NoOverload("a map's key"))?;
            if map.contains_key(&key) {
                return Err(EvalError::DuplicateKey);
            }
            map.insert(key, self.get(*value, frame)?.into_owned());
        }
        Ok(if self.objects { Value::Object(Object::std(map)) } else { Value::Array(map) })
    }

    /// A text of parts.
    pub(super) fn concat(&self, parts: &[Id], frame: &Frame) -> Evaluated<Value> {
        let texts = parts
            .iter()
            .map(|part| Ok(cast::to_str(&frame.php, &*self.get(*part, frame)?)))
            .collect::<Evaluated<SmallVec<[Str; 4]>>>()?;
        let texts: SmallVec<[&[u8]; 4]> = texts.iter().map(Str::as_bytes).collect();
        values::joined(&texts)
    }

    /// `map.with(key, value)`
    pub(super) fn with(&self, map: Id, key: Id, value: Id, frame: &Frame) -> Evaluated<Value> {
        let key = self.key_at(key, frame)?;
        let value = self.get(value, frame)?.into_owned();
        self.changed(map, frame, |elements| elements.insert(key, value))
    }

    /// `map.without(key)`
    pub(super) fn without(&self, map: Id, key: Id, frame: &Frame) -> Evaluated<Value> {
        let key = self.key_at(key, frame)?;
        self.changed(map, frame, |elements| drop(elements.remove(&key)))
    }

    fn key_at(&self, key: Id, frame: &Frame) -> Evaluated<legacy_compat::Key> {
        values::key_of(&*self.get(key, frame)?).ok_or(EvalError::NoOverload("a map's key"))
    }

    fn changed(&self, map: Id, frame: &Frame, change: impl FnOnce(&mut Array)) -> Evaluated<Value> {
        let map = self.get(map, frame)?.into_owned();
        let mut elements = values::as_map(&map).ok_or(EvalError::NoOverload("a changed map"))?.clone();
        if elements.len() >= SIZE_MAX {
            return Err(EvalError::Limit("the size of a map"));
        }
        change(&mut elements);
        Ok(match map {
            Value::Object(_) => Value::Object(Object::std(elements)),
            _ => Value::Array(elements),
        })
    }

    /// `map.get(key, other)`
    pub(super) fn element(&self, map: Id, key: Id, other: Id, frame: &Frame) -> Evaluated<Value> {
        let map = self.get(map, frame)?;
        let key = values::key_of(&*self.get(key, frame)?);
        match key.and_then(|key| values::as_map(&map)?.get(&key).cloned()) {
            Some(value) => Ok(value),
            None => Ok(self.get(other, frame)?.into_owned()),
        }
    }

    /// `entries(map)`
    pub(super) fn entries(&self, map: Id, frame: &Frame) -> Evaluated<Value> {
        let map = self.get(map, frame)?;
        let elements = values::as_map(&map).ok_or(EvalError::NoOverload("entries"))?;
        let pair = |(key, value): (_, &Value)| {
            [values::key_value(key), value.clone()].into_iter().collect::<Array>()
        };
        Ok(Value::Array(elements.iter().map(pair).collect()))
    }
}
