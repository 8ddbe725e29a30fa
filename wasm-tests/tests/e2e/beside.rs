//! Beside the filters that gateways have, before them and behind, and beside another Modgate.

mod bodies;
mod filters;
mod neighbours;
mod routes;
mod two;
