//! Taking an object apart, strictly: every member is asked for by name, and what nobody asked for is an error.

use std::borrow::Cow;

use dossier_domain::problem::Place;

use super::Reader;
use super::json::Json;

/// Parts of a path by the name they have in a body.
pub type PathParts = [(Cow<'static, str>, String)];

/// The members of an object, and the parts of the path that belong to it.
#[derive(Debug)]
pub(super) struct Members<'a> {
    place: Place<'a>,
    path: &'a PathParts,
    /// A value is gone once it was taken; its name stays, to tell a duplicate from an unknown member.
    list: Vec<(Cow<'a, str>, Option<Json<'a>>)>,
}

impl<'a> Members<'a> {
    /// Takes apart what must be an object. What is wrong is noted.
    pub(super) fn of(reader: &mut Reader<'_>, place: Place<'a>, json: Json<'a>) -> Option<Self> {
        match json {
            Json::Object(members) => {
                let list = members.into_iter().map(|(name, value)| (name, Some(value))).collect();
                Some(Members { place, path: &[], list })
            }
            _ => reader.wrong_type(&place, "an object"),
        }
    }

    /// Adds the parts of the path, which go before members of the same name.
    pub(super) fn with_path(self, path: &'a PathParts) -> Self {
        Members { path, ..self }
    }

    /// Where the object stands.
    pub(super) fn place(&self) -> Place<'a> {
        self.place
    }

    /// Whether a member was given, even as null, and not taken yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path.iter().any(|(own, _)| own == name)
            || self.list.iter().any(|(own, value)| own == name && value.is_some())
    }

    /// Takes a member out of the body; `None` if it is not there.
    pub(super) fn take(&mut self, name: &str) -> Option<Json<'a>> {
        self.list.iter_mut().find(|(own, value)| own == name && value.is_some())?.1.take()
    }

    /// Reads a member that may be absent or null. `None` is that, or a noted error.
    pub(super) fn optional<T>(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        read: impl FnOnce(&mut Reader<'_>, &Place<'_>, Json<'a>) -> Option<T>,
    ) -> Option<T> {
        if let Some((own, text)) = self.path.iter().find(|(own, _)| own == name) {
            return read(reader, &Place::in_path(own), Json::Text(Cow::Borrowed(text)));
        }
        match self.take(name)? {
            Json::Null => None,
            json => read(reader, &self.place.member(name), json),
        }
    }

    /// Reads a member that must be there. `None` is a noted error.
    pub(super) fn required<T>(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        read: impl FnOnce(&mut Reader<'_>, &Place<'_>, Json<'a>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(name) || self.is_null(name) {
            // The member itself is named, though it is not there: that is the one to fill in.
            reader.errors.add(&self.place.member(name), "required", "give this member");
            self.take(name);
            return None;
        }
        self.optional(reader, name, read)
    }

    /// Reads a member that may be left out and is not null.
    pub(super) fn given<T>(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        read: impl FnOnce(&mut Reader<'_>, &Place<'_>, Json<'a>) -> Option<T>,
    ) -> Option<T> {
        if self.has(name) { self.required(reader, name, read) } else { None }
    }

    /// Whether a member of the body was given as null.
    pub(super) fn is_null(&self, name: &str) -> bool {
        !self.path.iter().any(|(own, _)| own == name)
            && matches!(self.list.iter().find(|(own, _)| own == name), Some((_, Some(Json::Null))))
    }

    /// Takes whatever members are left, in their order; for objects whose names are the caller's.
    pub(super) fn rest(&mut self) -> Vec<(Cow<'a, str>, Json<'a>)> {
        self.list.drain(..).filter_map(|(name, value)| value.map(|value| (name, value))).collect()
    }

    /// Notes every member that was not asked for.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for (name, value) in &self.list {
            if value.is_none() {
                continue;
            }
            let place = self.place.member(name);
            if self.list.iter().any(|(taken, value)| taken == name && value.is_none()) {
                reader.errors.add(&place, "duplicate_member", "give this member once");
            } else {
                reader.errors.add(&place, "unknown_member", "leave out this member; nothing here has this name");
            }
            if reader.errors.is_full() {
                return;
            }
        }
    }
}
