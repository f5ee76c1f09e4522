#include "store/rejoin.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/writer_lock.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view intent_header = "ppn-rejoin-v1";
constexpr std::size_t intent_size_max = 2 * max_note_size;

/// The first line of `text`, which is taken from it; nothing if it has no end.
std::optional<std::string_view> take_line(std::string_view& text) {
  auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

/// Nothing if it is not there, which is harmless: it was moved before.
Status move_into(const fs::path& file, const fs::path& directory) {
  if (std::rename(file.c_str(), (directory / file.filename()).c_str()) != 0)
    return errno == ENOENT ? Status{} : system_error("move", file);
  if (auto synced = sync_directory(directory); !synced) return synced;
  return sync_directory(file.parent_path());
}

Status make_read_only(const fs::path& path) {
  auto status = fs::symlink_status(path);
  if (fs::is_symlink(status)) return {};
  auto mode = fs::is_directory(status)
                  ? fs::perms::owner_read | fs::perms::owner_exec
                  : fs::perms::owner_read;
  std::error_code error;
  fs::permissions(path, mode, error);
  if (!error) return {};
  return system_error("make read-only", path, error);
}

Status make_all_read_only(const fs::path& directory) {
  std::error_code error;
  fs::recursive_directory_iterator item{directory, error};
  for (; !error && item != end(item); item.increment(error))
    if (auto made = make_read_only(item->path()); !made) return made;
  if (error) return system_error("list", directory, error);
  return make_read_only(directory);
}

/// Where there is no database there may be no directory for its lock either.
Result<WriterLock> lock_ledger(const StateDirectory& directory) {
  auto made = make_directory(directory.ledger(), 0700);
  if (!made) return made.error();
  return WriterLock::acquire(directory.writer_lock());
}

/// The ledger goes last: where it is, there is all the rest.
Status move_all(const StateDirectory& directory, const StateDirectory& former) {
  auto lock = lock_ledger(directory);
  if (!lock) return lock.error();
  for (const auto& file : {directory.outside_checkpoint(),
                           directory.nodes_file(), directory.ledger()})
    if (auto moved = move_into(file, former.root); !moved) return moved;
  return {};
}

}  // namespace

std::string format_intent(const Founding& founding) {
  std::string text{intent_header};
  return text + '\n' + founding.rejoin->replaces.hex() + '\n' +
         founding.node_name + '\n' + founding.rejoin->last_checkpoint;
}

Result<Founding> parse_intent(std::string_view text) {
  auto header = take_line(text);
  auto node = NodeId::parse_hex(take_line(text).value_or(""));
  auto name = take_line(text);
  if (header != intent_header || !node || !name || name->empty() ||
      !parse_checkpoint(text))
    return Error{ErrorCode::damaged,
                 "it does not say which identity is to be given up"};
  return Founding{std::string{*name}, Rejoin{*node, std::string{text}}};
}

Status intend_rejoin(const StateDirectory& directory,
                     const Founding& founding) {
  auto lock = lock_ledger(directory);
  if (!lock) return lock.error();
  std::error_code unknown;
  auto former = directory.former(founding.rejoin->replaces).root;
  bool is_begun = fs::exists(directory.rejoin(), unknown);
  if (!is_begun && fs::exists(former, unknown))
    return Error{ErrorCode::bad_input,
                 former.string() +
                     " keeps this identity already: somebody "
                     "else gave it up meanwhile"};
  return replace_file(directory.rejoin(), as_bytes(format_intent(founding)),
                      0600);
}

Result<std::optional<Founding>> intended_rejoin(
    const StateDirectory& directory) {
  auto text = read_file(directory.rejoin(), intent_size_max);
  if (!text && text.error().code == ErrorCode::not_found)
    return std::optional<Founding>{};
  if (!text) return text.error();
  auto founding = parse_intent(*text);
  if (!founding)
    return Error{founding.error().code,
                 directory.rejoin().string() + ": " + founding.error().message};
  return std::optional{std::move(*founding)};
}

Status put_away(const StateDirectory& directory, const NodeId& old) {
  auto former = directory.former(old);
  if (auto made = make_directory(former.root, 0700); !made) return made;
  std::error_code unknown;
  if (!fs::exists(former.ledger(), unknown))
    if (auto moved = move_all(directory, former); !moved) return moved;
  return make_all_read_only(former.root);
}

Status end_rejoin(const StateDirectory& directory) {
  if (::unlink(directory.rejoin().c_str()) != 0 && errno != ENOENT)
    return system_error("remove", directory.rejoin());
  return sync_directory(directory.root);
}

}  // namespace ppn::store
