//! The crate through its public face.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod soup;
