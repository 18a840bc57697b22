//! The world as expressions may ask it: questions become facts, and a fact that is missing unwinds as pending.

use std::cell::Cell;

use policy_cel::{Answer, Question, Value};

use super::questions;
use crate::facts::{Asker, Fact, FactRequest, FactView};
use crate::request::Request;

/// Answers what is asked about signatures and attestations of images; what no policy of the kind may ask is a failure.
pub trait ImageAnswers<'v> {
    /// Answers one of `VerifyImageSignatures`, `VerifyAttestationSignatures`, `ExtractPayload` and `ImageData`. The same
    /// question gets the same answer.
    fn answer(&self, question: &Question<'_>, world: &World<'v>) -> Answer<'v>;
}

/// What one rule's expressions may ask, on whose behalf.
pub struct World<'v> {
    request: &'v Request,
    view: &'v FactView<'v>,
    asker: Asker,
    images: Option<&'v dyn ImageAnswers<'v>>,
    /// Random numbers drawn so far
    drawn: Cell<u64>,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("World")
            .field("asker", &self.asker)
            .finish_non_exhaustive()
    }
}

impl<'v> World<'v> {
    /// The world of `request`, as `asker` may see it.
    #[must_use]
    pub fn new(request: &'v Request, view: &'v FactView<'v>, asker: Asker) -> Self {
        Self {
            request,
            view,
            asker,
            images: None,
            drawn: Cell::new(0),
        }
    }

    /// The same world, in which images can be asked about.
    #[must_use]
    pub fn with_images(mut self, images: &'v dyn ImageAnswers<'v>) -> Self {
        self.images = Some(images);
        self
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &'v Request {
        self.request
    }

    /// The facts at hand.
    #[must_use]
    pub fn view(&self) -> &'v FactView<'v> {
        self.view
    }

    /// On whose behalf facts are asked.
    #[must_use]
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// The fact that answers `wanted`; else what to answer the expression: pending, or why there is none.
    ///
    /// # Errors
    /// [`Answer::Pending`] after noting the question, or [`Answer::Failed`].
    pub fn fact(&self, wanted: &FactRequest) -> Result<&'v Fact, Answer<'v>> {
        match self.view.ask(wanted) {
            None => Err(Answer::Pending),
            Some(Ok(fact)) => Ok(fact),
            Some(Err(error)) => Err(Answer::Failed(error.cause().into())),
        }
    }

    /// What the world says to a question of an expression.
    pub(super) fn answer(&self, question: &Question<'_>) -> Answer<'v> {
        questions::answer(self, question).unwrap_or_else(|answer| answer)
    }

    /// The images that can be asked about, if any.
    pub(super) fn images(&self) -> Option<&'v dyn ImageAnswers<'v>> {
        self.images
    }

    /// The next random number of this rule: spread evenly, and the same in a replay.
    pub(super) fn random(&self) -> u64 {
        let drawn = self.drawn.get();
        self.drawn.set(drawn.wrapping_add(1));
        // splitmix64
        let mut mixed = self
            .request
            .random_seed
            .wrapping_add(drawn.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// JSON of the cluster as a value that borrows from the facts.
pub(super) fn json<'v>(fact: &'v Fact) -> Result<Value<'v>, Answer<'v>> {
    match fact {
        Fact::Json(json) => Ok(Value::from(&**json)),
        Fact::Findings(_) | Fact::Digest(_) => Err(Answer::Failed("the answer is no JSON".into())),
    }
}
