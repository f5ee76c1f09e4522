// Checkpoints: what is read is what the signed text says.
#include "store/base64.hpp"
#include "store/byte_order.hpp"
#include "store/checkpoint.hpp"
#include "store/statements.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

void check(const store::Checkpoint& checkpoint) {
  auto lines = checkpoint.origin + "\n" + std::to_string(checkpoint.head.size) +
               "\n" + store::to_base64(checkpoint.head.root.view()) + "\n";
  require(checkpoint.note.text.starts_with(lines),
          "a checkpoint has one spelling");
}

/// The same text under the signature of its own node.
void check_signed(std::string text) {
  const auto& key = test_key();
  auto node = store::node_id_of(key.public_key());
  auto origin = store::checkpoint_origin(node);
  auto signature = store::sign_note(text, origin, key);
  if (!signature) return;
  auto note = store::format_note({std::move(text), {*signature}});
  auto parsed = store::parse_checkpoint(note);
  if (!parsed) return;
  check(*parsed);
  auto verified = store::verify_checkpoint(*parsed, node, key.public_key());
  require(verified.ok() == (parsed->origin == origin),
          "a checkpoint is good for its own node alone");

  auto made = store::sign_checkpoint(node, parsed->head, key);
  auto again = made ? store::parse_checkpoint(*made) : made.error();
  require(again && again->head == parsed->head, "a tree head reads back");
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  auto node = store::node_id_of(test_key().public_key());
  if (auto parsed = store::parse_checkpoint(text)) {
    check(*parsed);
    check_signed(parsed->note.text);
  }
  check_signed(std::string{text});
  check_signed(store::checkpoint_origin(node) + "\n" + std::string{text});
}

}  // namespace ppn::fuzz
