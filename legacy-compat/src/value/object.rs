//! An object as data functions see it: a class name and properties.

use std::fmt;
use std::sync::Arc;

use super::{Array, Str};

/// An object: a class name and its properties, in order.
///
/// A clone is the same object: [`Object::is`] and `===` compare identity. Properties are changed by making another
/// object ([`Object::props_mut`] separates first), so handles never see each other's changes.
#[derive(Clone)]
pub struct Object(Arc<Data>);

#[derive(Clone)]
struct Data {
    class: Str,
    props: Array,
}

impl Object {
    /// A `stdClass` with these properties.
    pub fn std(props: Array) -> Self {
        Self::new(Str::from("stdClass"), props)
    }

    /// An object of a class.
    pub fn new(class: Str, props: Array) -> Self {
        Self(Arc::new(Data { class, props }))
    }

    /// The name of its class.
    pub fn class(&self) -> &Str {
        &self.0.class
    }

    /// Its properties. Names are strings, also those that look like integers.
    pub fn props(&self) -> &Array {
        &self.0.props
    }

    /// Its properties, to be changed; other handles keep the old ones.
    pub fn props_mut(&mut self) -> &mut Array {
        &mut Arc::make_mut(&mut self.0).props
    }

    /// Whether both are the same object.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.class().to_string_lossy(), self.props())
    }
}
