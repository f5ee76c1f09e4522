// Frames: what opens can be read in full, and what a node believes is signed by
// a member, is its newest, and is believed once. An input is datagrams, each
// behind its length as u16. The fuzzer can not sign: the target does it for it,
// where the last byte of a datagram is odd. Of the two nodes and their mesh all
// names are zeros, but for the sender, who has the test key.
#include "actors/frame_guard.hpp"
#include "store/statements.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

const NodeId& sender() {
  static const auto id = store::node_id_of(test_key().public_key());
  return id;
}

events::Mesh mesh_of_two() {
  events::Mesh mesh;
  mesh.version = 1;
  mesh.members[NodeId{}] = {};
  mesh.members[sender()].key = test_key().public_key();
  return mesh;
}

void read_in_full(const schema::Frame& frame) {
  schema::FrameT fields;
  frame.UnPackTo(&fields);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishFrameBuffer(builder, schema::Frame::Pack(builder, &fields));
}

Bytes signed_where_asked(ByteView bytes) {
  Bytes datagram{bytes.begin(), bytes.end()};
  if (datagram.size() <= Signature::size || datagram.back() % 2 == 0)
    return datagram;
  datagram.resize(datagram.size() - Signature::size);
  auto signature =
      test_key().sign(store::frame_domain, actors::signed_part(Id{}, datagram));
  return actors::seal(std::move(datagram), signature);
}

/// A node that hears one other.
class Hearer {
 public:
  void hear(ByteView datagram) {
    auto accepted = check(datagram);
    if (!accepted) {
      require(
          !accepted.error().clash || !accepted.error().clash->evidence.empty(),
          "a clash has its evidence");
      return;
    }
    require(accepted->head.sender == sender(), "only one other is heard");
    note(accepted->head);
    require_signed(datagram);
    auto again = check(datagram);
    require(!again && again.error().fault == actors::FrameFault::replayed,
            "a frame is believed once");
  }

 private:
  Outcome<actors::AcceptedFrame, actors::DroppedFrame> check(
      ByteView datagram) {
    now_ns_ += actors::frame_interval_ns;
    return guard_.check(datagram, {}, false, mesh_, now_ns_);
  }

  void note(const actors::FrameHead& said) {
    require(said.boot >= boot_, "boots rise");
    if (said.boot > boot_) newest_ = 0;
    boot_ = said.boot;
    newest_ = std::max(newest_, said.counter);
    require(newest_ - said.counter <= actors::overtaken_ns_max,
            "a frame is not much older than another that came");
    auto head = guard_.next_head(sender(), mesh_, now_ns_);
    require(head.heard && head.heard->nonce == said.nonce &&
                head.heard->counter == newest_,
            "the next frame to it says what was heard");
  }

  static void require_signed(ByteView datagram) {
    auto body = datagram.first(datagram.size() - Signature::size);
    require(store::verify(test_key().public_key(), store::frame_domain,
                          actors::signed_part(Id{}, body),
                          Signature{datagram.last<Signature::size>()}),
            "what is believed is signed");
  }

  events::Mesh mesh_ = mesh_of_two();
  actors::FrameGuard guard_{NodeId{}, 1, Id{}};
  std::uint64_t now_ns_ = 0;
  std::uint64_t boot_ = 0;
  std::uint64_t newest_ = 0;
};

}  // namespace

void run(ByteView input) {
  Hearer hearer;
  store::AlignedBytes aligned;
  Input parts{input};
  while (!parts.empty()) {
    auto datagram = signed_where_asked(parts.sized_bytes());
    if (auto opened = actors::open_frame(datagram, aligned))
      read_in_full(*opened->frame);
    hearer.hear(datagram);
  }
}

}  // namespace ppn::fuzz
