// The directory that a guest runs in, with what each of its starts left there.
// It is of the guest's user, who may put there what he likes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/files.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

inline constexpr std::string_view control_socket = ".control";
/// As they are handed to the guest.
inline constexpr std::array<std::string_view, 3> guest_sockets{
    control_socket, ".rescue", ".serial"};
inline constexpr std::string_view end_note = ".ended";

/// Of a file of that kind.
std::string name_of(std::uint64_t start, std::string_view kind);

/// What came of connecting to a socket.
struct Contact {
  enum class State : std::uint8_t {
    /// No process holds it, and none ever will again.
    dead,
    /// Held, and nobody listens.
    under_way,
    /// Who listens has no room for one more.
    taken,
    connected,
  };
  State state = State::dead;
  /// Non-blocking.
  store::FileHandle connection = {};
};

class RunDirectory {
 public:
  /// not_found, permission, io.
  static store::Result<RunDirectory> open(const std::filesystem::path& path);

  [[nodiscard]] int get() const { return handle_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Whether nobody else may enter, for who does may command the guest.
  [[nodiscard]] store::Status check() const;

  /// All that left something. io.
  [[nodiscard]] store::Result<std::set<std::uint64_t>> starts() const;

  /// Never blocks, and heeds only sockets that this user made.
  [[nodiscard]] store::Result<Contact> contact(std::uint64_t start,
                                               std::string_view socket) const;

  /// Whether a start lives, is under way, or can not be looked at. Nothing of
  /// that is seen by the guest.
  [[nodiscard]] bool may_live(std::uint64_t start) const;

  void remove(std::uint64_t start, std::string_view kind) const;

  /// All of one start.
  void forget(std::uint64_t start) const;

 private:
  RunDirectory(std::filesystem::path path, store::FileHandle handle)
      : path_(std::move(path)), handle_(std::move(handle)) {}

  /// Not open if this user made no socket of that name.
  [[nodiscard]] store::Result<store::FileHandle> find_socket(
      const std::string& name) const;

  std::filesystem::path path_;
  store::FileHandle handle_;
};

/// The sockets of a start to be; gone again unless they are to stay.
class StartSockets {
 public:
  /// The directory is to outlast it.
  StartSockets(const RunDirectory& directory, std::uint64_t start)
      : directory_(directory), start_(start) {}
  StartSockets(const StartSockets&) = delete;
  StartSockets& operator=(const StartSockets&) = delete;
  ~StartSockets();

  /// Only where there are none of that start. io.
  store::Status bind();

  void stay() { stay_ = true; }

  [[nodiscard]] const std::vector<store::FileHandle>& handles() const {
    return handles_;
  }

 private:
  const RunDirectory& directory_;
  std::uint64_t start_;
  std::vector<store::FileHandle> handles_;
  bool stay_ = false;
};

}  // namespace ppn::runtime
