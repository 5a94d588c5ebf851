#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/error.hpp"
#include "temp.hpp"
#include "toolkit/toolkit.hpp"

namespace video::http {
class Router;
class Transport;
}  // namespace video::http
namespace video::schedule {
class Scheduler;
}

namespace video::test {

enum class Way { local, remote };

/// A site on a fresh data directory, asked over one of the two ways: the doors themselves, or the same doors behind a
/// real server (TCP for everyone, the operator's socket for the operator).
class Site {
 public:
  explicit Site(Way way, const std::function<void(Settings&)>& change = {});
  ~Site();

  /// The doors for a caller.
  Toolkit& at(const Credential& by);
  LocalToolkit& local() { return *local_; }
  const Settings& settings() const { return settings_; }
  /// Remote way only.
  const http::Router& router() const { return *router_; }
  /// Where the TCP listener is, `http://127.0.0.1:PORT`; empty the local way.
  const std::string& url() const { return url_; }
  std::filesystem::path data() const { return settings_.dataDirectory; }

  /// A user with the password `password-of-NAME`, signed in.
  Credential user(const std::string& name, Role role = Role::user);
  /// A ready video of `owner` with `content` (a small mp4 where none is given).
  VideoId video(const Credential& by, const std::string& owner, const std::string& name, std::string content = {});

 private:
  TempDirectory folder_;
  Settings settings_;
  std::unique_ptr<LocalToolkit> local_;
  std::unique_ptr<schedule::Scheduler> scheduler_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<Toolkit> remote_;
  std::unique_ptr<Toolkit> operator_;
  std::string url_;
};

/// Bytes that begin as an mp4 does, `size` of them, different for each `seed`.
std::string movie(std::size_t size = 3000, int seed = 0);
/// A source that pushes `text` in pieces of at most `piece` bytes.
ByteSource sourceOf(const std::string& text, std::size_t piece = 1000);
/// Everything a content has.
std::string readAll(const Content& content, std::size_t piece = 700);
/// How many regular files stand below a folder.
std::size_t countFiles(const std::filesystem::path& folder);

/// Fails the test unless `call` throws an Error with this fault, whose detail has `needle` in it.
void requireFault(const std::function<void()>& call, Fault fault, std::string_view needle = {});

}  // namespace video::test
