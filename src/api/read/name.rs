//! The names of commands: the closed list by which lines call them, metrics count them and HTTP reads them.

use super::members::Members;
use super::{Reader, contact, conversation, field, merge, message, segment, workspace};
use crate::app::ask::Ask;

/// Reads what one command asks from the members of an object. `None` is a noted error.
type ReadAsk = fn(&mut Reader<'_>, &mut Members<'_>) -> Option<Ask>;

macro_rules! commands {
    ($( $variant:ident $name:literal $read:path ),+ $(,)?) => {
        /// A command by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum CommandName { $( $variant ),+ }

        impl CommandName {
            /// Every one of them.
            pub const ALL: &[CommandName] = &[$( CommandName::$variant ),+];

            /// As a line calls it.
            pub fn name(self) -> &'static str {
                match self { $( CommandName::$variant => $name ),+ }
            }

            fn reader(self) -> ReadAsk {
                match self { $( CommandName::$variant => $read ),+ }
            }
        }
    };
}

commands! {
    ReceiveMessage "receive_message" message::receive,
    SendMessage "send_message" message::send,
    UpdateMessageStatus "update_message_status" message::report,
    CreateContact "create_contact" contact::create,
    UpdateContact "update_contact" contact::update,
    DeleteContact "delete_contact" contact::delete,
    AddTag "add_tag" contact::add_tag,
    RemoveTag "remove_tag" contact::remove_tag,
    ClaimChannel "claim_channel" contact::claim,
    ReleaseChannel "release_channel" contact::release,
    AddComment "add_comment" conversation::comment,
    OpenConversation "open_conversation" conversation::open,
    CloseConversation "close_conversation" conversation::close,
    SnoozeConversation "snooze_conversation" conversation::snooze,
    Assign "assign" conversation::assign,
    BlockContact "block_contact" conversation::block,
    UnblockContact "unblock_contact" conversation::unblock,
    MergeContacts "merge_contacts" merge::merge,
    UnmergeContacts "unmerge_contacts" merge::unmerge,
    DefineField "define_field" field::define,
    ChangeField "change_field" field::change,
    RetireField "retire_field" field::retire,
    DefineSegment "define_segment" segment::define,
    ChangeSegment "change_segment" segment::change,
    RemoveSegment "remove_segment" segment::remove,
    ConfigureWorkspace "configure_workspace" workspace::configure,
}

impl CommandName {
    /// The command that a line calls so. Settings are no command of lines.
    pub fn of_line(name: &str) -> Option<Self> {
        let own = Self::ALL.iter().copied().find(|command| command.name() == name)?;
        (own != CommandName::ConfigureWorkspace).then_some(own)
    }

    /// Reads what is asked; what is wrong is noted.
    pub(super) fn read(self, reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
        self.reader()(reader, members)
    }
}
