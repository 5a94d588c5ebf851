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

/// The parts of a path between its slashes, percent-decoded after splitting, so that `%2F` stays within its part. They
/// may point into the path, which must outlive this object.
class PathParts {
 public:
  /// Splits `path`. Throws malformed for broken percent-encoding or a NUL, notFound if a decoded part is not UTF-8 or
  /// there are more than `most` parts.
  explicit PathParts(std::string_view path);
  PathParts(const PathParts&) = delete;
  PathParts& operator=(const PathParts&) = delete;

  /// Returns the parts in order.
  std::span<const std::string_view> all() const noexcept { return {parts_.data(), count_}; }

  static constexpr std::size_t most = 12;

 private:
  std::array<std::string_view, most> parts_;
  std::size_t count_ = 0;
  std::string decoded_;
};

/// Counts of replies by the first digit of their status; index 0 is not used.
using AnswerCounts = std::array<std::atomic<std::uint64_t>, 6>;

/// Functions that describe a route's request and reply; both null for a raw route.
struct Shapes {
  std::vector<FieldSchema> (*wanted)(SchemaWriter&) = nullptr;
  std::string (*given)(SchemaWriter&) = nullptr;  ///< also null if the reply is not JSON
};

/// A route together with its handler.
struct RouteEntry {
  Route route;
  BodyUse body = BodyUse::none;  ///< how the body is read; with `collect` it has the fields
  std::function<void(const Exchange&, Answer&)> handler;
  std::vector<std::pair<std::string_view, std::size_t>> parameters;  ///< names in braces, and the index of their part
  Shapes shapes{};
  bool isContent = false;  ///< replies with a content
  std::unique_ptr<AnswerCounts> answers = std::make_unique<AnswerCounts>();
};

/// Finds routes by path and method, in a tree of path parts. Add all routes before the first request; `find` may then
/// be called from any thread.
class RouteTable {
 public:
  struct Match {
    const RouteEntry* entry = nullptr;  ///< the route for path and method
    std::string allow;                  ///< if only the method is unknown, or for OPTIONS: the allowed methods
    bool plainErrors = false;           ///< whether the path has plain-text errors
    bool isContent = false;             ///< whether contents are read at the path
    std::pair<std::string_view, std::string_view> header;  ///< Route::header of the path
    std::string_view emptyParameter;  ///< if only an empty part prevents a match: that parameter's name
  };

  RouteTable();
  ~RouteTable();

  /// Adds a route. Throws Error (internal) if there is already one with the same method and path.
  void add(RouteEntry entry);
  /// Returns the route for `path` and `method` on a listener with `roles` (`web` includes api and stream). HEAD finds
  /// GET, unless that changes something.
  Match find(const PathParts& path, Method method, unsigned roles) const;
  /// Returns all routes in the order in which they were added.
  const std::vector<const RouteEntry*>& all() const noexcept { return all_; }

 private:
  struct Node;
  struct Search;
  std::unique_ptr<Node> root_;
  std::vector<const RouteEntry*> all_;
};

}  // namespace video::http
