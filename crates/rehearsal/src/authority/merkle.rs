//! A Merkle tree in memory: root and inclusion proofs.
//!
//! Source: RFC 6962 §2.1.

use sha2::{Digest as _, Sha256};

/// A node of the tree.
pub(crate) type Node = [u8; 32];

/// Leaves in order.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    leaves: Vec<Node>,
}

impl Tree {
    /// Adds a leaf; returns its position.
    pub fn push(&mut self, entry: &[u8]) -> usize {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(entry);
        self.leaves.push(hash.finalize().into());
        self.leaves.len() - 1
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> usize {
        self.leaves.len()
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        root(&self.leaves)
    }

    /// The siblings on the way from leaf `index` to the root, from the leaf up; empty for a leaf that is not there.
    #[must_use]
    pub fn proof(&self, index: usize) -> Vec<[u8; 32]> {
        proof(&self.leaves, index)
    }
}

/// The largest power of two below `count`, for two or more.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn root(leaves: &[Node]) -> Node {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            let mut hash = Sha256::new();
            hash.update([1]);
            hash.update(root(left));
            hash.update(root(right));
            hash.finalize().into()
        }
    }
}

fn proof(leaves: &[Node], index: usize) -> Vec<Node> {
    if leaves.len() < 2 || index >= leaves.len() {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut siblings, other) = if index < at {
        (proof(left, index), root(right))
    } else {
        (proof(right, index - at), root(left))
    };
    siblings.push(other);
    siblings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a proof as RFC 9162 §2.1.3.2 does: not by the recursion that made it.
    fn climbs(entry: &[u8], index: usize, size: usize, proof: &[Node]) -> Node {
        let mut node: Node = Sha256::digest([&[0][..], entry].concat()).into();
        let (mut fnode, mut snode) = (index, size - 1);
        for sibling in proof {
            if fnode & 1 == 1 || fnode == snode {
                node = Sha256::digest([&[1][..], sibling, &node].concat()).into();
                while fnode & 1 == 0 && fnode != 0 {
                    (fnode, snode) = (fnode >> 1, snode >> 1);
                }
            } else {
                node = Sha256::digest([&[1][..], &node, sibling].concat()).into();
            }
            (fnode, snode) = (fnode >> 1, snode >> 1);
        }
        node
    }

    #[test]
    fn each_leaf_of_each_small_tree_is_proved() {
        for size in 1..20_usize {
            let mut tree = Tree::default();
            for leaf in 0..size {
                tree.push(&leaf.to_be_bytes());
            }
            for leaf in 0..size {
                assert_eq!(
                    climbs(&leaf.to_be_bytes(), leaf, size, &tree.proof(leaf)),
                    tree.root()
                );
            }
        }
    }
}
