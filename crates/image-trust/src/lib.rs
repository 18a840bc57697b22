//! The vocabulary of image trust: what a policy demands of an image, what was found, and why it was refused.
