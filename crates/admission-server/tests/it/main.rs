//! The webhook through its public face: reviews in, answers out, mostly without a socket.

// `cfg(test)` tells clippy that all of it is test code, functions without `#[test]` too.
#[cfg(test)]
mod house;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod traces;
