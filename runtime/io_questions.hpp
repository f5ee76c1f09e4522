// What an actor is asked and the I/O thread does: the answer comes back as a
// message, by the number of the question.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "actors/caf.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// What the I/O thread says of a question.
using IoResult = store::Result<std::uint64_t>;
using IoResultPtr = std::shared_ptr<const IoResult>;

/// By which it does.
using IoAnswer = caf::reacts_to<actors::take_atom, std::uint64_t, IoResultPtr>;

/// What was asked and has no answer yet.
struct IoQuestions {
  std::uint64_t last = 0;
  std::map<std::uint64_t, std::function<void(const IoResult&)>> waiting;

  void take(std::uint64_t question, const IoResult& result) {
    if (auto asked = waiting.extract(question)) asked.mapped()(result);
  }
};

/// Is answered once the I/O thread says what became of it.
template <class T, class Self>
caf::result<T> ask_io(
    Self self, const std::function<void(std::uint64_t question)>& begin) {
  auto promise = self->template make_response_promise<T>();
  auto& questions = self->state.questions;
  auto question = ++questions.last;
  questions.waiting[question] = [promise](const IoResult& result) {
    if (result)
      actors::answer<T>(promise, static_cast<T>(*result));
    else
      actors::answer<T>(promise, result.error());
  };
  begin(question);
  return promise;
}

}  // namespace ppn::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ppn::runtime::IoResultPtr)
