#include "tools/ppn-ledger/new_directory.hpp"

#include <atomic>
#include <csignal>

#include "store/files.hpp"

namespace ppn::tools {

namespace fs = std::filesystem;

namespace {

constexpr mode_t directory_mode = 0700;

std::atomic<bool> was_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

store::Result<NewDirectory> NewDirectory::begin(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path) && !(fs::is_directory(path) && fs::is_empty(path)))
    return store::Error{store::ErrorCode::bad_input,
                        path.string() + " is there already; name a new one"};
  auto whole = fs::absolute(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  NewDirectory directory{whole};
  fs::remove_all(directory.partial_, error);
  if (auto made = store::make_directory(directory.partial_, directory_mode);
      !made)
    return made.error();
  return directory;
}

NewDirectory::NewDirectory(fs::path path)
    : path_(std::move(path)), partial_(path_) {
  partial_ += ".partial";
}

NewDirectory::NewDirectory(NewDirectory&& other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)) {
  other.partial_.clear();
}

NewDirectory::~NewDirectory() {
  std::error_code error;
  if (!partial_.empty()) fs::remove_all(partial_, error);
}

store::Status NewDirectory::finish() {
  std::error_code error;
  fs::rename(partial_, path_, error);
  if (error)
    return store::Error{store::ErrorCode::io, "cannot make " + path_.string() +
                                                  ": " + error.message()};
  partial_.clear();
  return store::sync_directory(path_.parent_path());
}

void note_interrupts() {
  std::signal(SIGINT, [](int) { was_interrupted = true; });
  std::signal(SIGTERM, [](int) { was_interrupted = true; });
}

bool interrupted() { return was_interrupted; }

}  // namespace ppn::tools
