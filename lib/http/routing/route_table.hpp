#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/endpoint.hpp"
#include "http/message.hpp"

namespace video {
class SchemaWriter;
struct FieldSchema;
}  // namespace video

namespace video::http {

class Exchange;

/// A path's parts between its slashes, percent-decoded after splitting, so that `%2F` stays within its part. Its views
/// are into the path, which must outlive it.
class PathParts {
 public:
  /// Throws malformed for broken percent-encoding or a NUL, notFound for what is not UTF-8 or has more parts than any
  /// route.
  explicit PathParts(std::string_view path);
  PathParts(const PathParts&) = delete;
  PathParts& operator=(const PathParts&) = delete;

  std::span<const std::string_view> all() const noexcept { return {parts_.data(), count_}; }

  static constexpr std::size_t most = 12;

 private:
  std::array<std::string_view, most> parts_;
  std::size_t count_ = 0;
  std::string decoded_;
};

/// Answers by the first digit of their status; index 0 is not used.
using AnswerCounts = std::array<std::atomic<std::uint64_t>, 6>;

/// How a route's request and reply are described; both null where it reads and writes as it likes.
struct Shapes {
  std::vector<FieldSchema> (*wanted)(SchemaWriter&) = nullptr;
  std::string (*given)(SchemaWriter&) = nullptr;  ///< null too where the reply is no JSON
};

/// One route as it is served.
struct RouteEntry {
  Route route;
  BodyUse body = BodyUse::none;  ///< how a body is wanted; its fields come from it where that is `collect`
  std::function<void(const Exchange&, Answer&)> handler;
  std::vector<std::pair<std::string_view, std::size_t>> parameters;  ///< names in braces, and which part they are
  Shapes shapes{};
  std::unique_ptr<AnswerCounts> answers = std::make_unique<AnswerCounts>();
};

/// Finds a route by its path: a tree on the literal parts, made as routes are added. Not changed once requests come.
class RouteTable {
 public:
  struct Match {
    const RouteEntry* entry = nullptr;  ///< the route for path and method
    std::string allow;                  ///< where the path is known and the method is not: the methods that are
    bool plainErrors = false;           ///< of that path
    std::string_view emptyParameter;  ///< where an empty part alone keeps a path from being known: the parameter's name
  };

  RouteTable();
  ~RouteTable();

  /// Throws Error(internal) for a second route of the same method and path.
  void add(RouteEntry entry);
  /// What answers this on a listener with these roles (`web` counts as api and stream too); HEAD finds GET.
  Match find(const PathParts& path, Method method, unsigned roles) const;
  /// In the order in which they were added.
  const std::vector<const RouteEntry*>& all() const noexcept { return all_; }

 private:
  struct Node;
  struct Search;
  std::unique_ptr<Node> root_;
  std::vector<const RouteEntry*> all_;
};

}  // namespace video::http
