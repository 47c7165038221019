"""Who takes an answer of a PACS: whoever asked, and never the library's own loop."""

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND

from flows.sources.network.conversation import Conversation
from flows.sources.network.peer import Patience
from flows.sources.trial import Briefly


def answer(status: int) -> C_FIND:
    message = C_FIND()
    message.MessageIDBeingRespondedTo = 1
    message.Status = status
    return message


def test_an_answer_that_is_awaited_is_taken_by_nobody_else():
    conversation = Conversation(Association(AE("MAMMO"), "requestor"), Patience(), Briefly())
    conversation.begin(1, 1)
    for status in (0xFF00, 0x0000):
        conversation.msg_queue.put((1, answer(status)))
        assert conversation.get_msg(block=False) == (None, None)
        assert conversation.get_msg(block=True)[1].Status == status
    conversation.msg_queue.put((1, answer(0x0000)))  # nobody asked: the loop may have it
    assert conversation.get_msg(block=False)[1].Status == 0x0000
