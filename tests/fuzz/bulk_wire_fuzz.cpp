// Requests for bulk and their answers: what is taken is told again in the very
// same bytes, and what is refused is so for a reason.
#include <algorithm>

#include "runtime/bulk_wire.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

template <class Message, class Write>
void check(ByteView input, const store::Result<Message>& message,
           std::size_t size, Write write) {
  if (!message) {
    require(message.error().code == store::ErrorCode::bad_input &&
                !message.error().message.empty(),
            "a refusal has a reason");
    return;
  }
  require(input.size() == size, "a message has one length");
  auto again = write(*message);
  require(std::equal(input.begin(), input.end(), again.begin(), again.end()),
          "it is told again in the same bytes");
}

}  // namespace

void run(ByteView input) {
  check(input, runtime::read_bulk_request(input), runtime::bulk_request_bytes,
        runtime::write_bulk_request);
  check(input, runtime::read_bulk_answer(input), runtime::bulk_answer_bytes,
        runtime::write_bulk_answer);
}

}  // namespace ppn::fuzz
