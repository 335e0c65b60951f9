//! The rules, in the files and the order of `demo/legacy/includes/rules`.

mod airports;
mod carriers;
mod clients;
mod dates;
mod extras;
mod forms;
mod planes;
mod reasons;
mod routes;
mod shape;
mod status;
mod text;
mod times;
mod types;

pub(super) use airports::{airport_zone, island, rules_airports};
pub(super) use carriers::rules_carriers;
pub(super) use clients::rules_clients;
pub(super) use dates::{rules_dates, rules_hours};
pub(super) use extras::{rules_extras, unique};
pub(super) use forms::rules_forms;
pub(super) use planes::rules_planes;
pub(super) use routes::{rules_routes, speed};
pub(super) use shape::rules_shape;
pub(super) use status::rules_status;
pub(super) use text::rules_text;
pub(super) use times::rules_times;
pub(super) use types::rules_types;
