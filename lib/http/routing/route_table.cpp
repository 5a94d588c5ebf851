#include "http/routing/route_table.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/percent_encoding.hpp"

namespace video::http {
namespace {

constexpr std::size_t methods = static_cast<std::size_t>(Method::other) + 1;

constexpr std::array<std::pair<Method, std::string_view>, 7> tokens{{{Method::get, "GET"},
                                                                     {Method::head, "HEAD"},
                                                                     {Method::post, "POST"},
                                                                     {Method::put, "PUT"},
                                                                     {Method::patch, "PATCH"},
                                                                     {Method::delete_, "DELETE"},
                                                                     {Method::options, "OPTIONS"}}};

std::size_t indexOf(Method method) noexcept {
  return static_cast<std::size_t>(method);
}

bool isVisible(const RouteEntry* entry, unsigned roles) noexcept {
  if ((roles & ListenerRole::web) != 0) roles |= ListenerRole::api | ListenerRole::stream;
  return entry != nullptr && (entry->route.roles & roles) != 0;
}

}  // namespace

PathParts::PathParts(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    if (count_ == most) throw Error(Fault::notFound, "no such path");
    const std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, slash);
    if (part.find_first_of(std::string_view("%\0", 2)) != std::string_view::npos) {
      // The parts point into it, so it must not be reallocated.
      if (decoded_.empty()) decoded_.reserve(path.size());
      const std::size_t begin = decoded_.size();
      if (!appendDecoded(decoded_, part)) throw Error(Fault::malformed, "path: bad percent-encoding");
      part = std::string_view(decoded_).substr(begin);
      if (!isUtf8(part)) throw Error(Fault::notFound, "no such path");
    }
    parts_[count_++] = part;
    if (slash == path.size()) break;
    path.remove_prefix(slash + 1);
  }
}

struct RouteTable::Node {
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::array<std::unique_ptr<RouteEntry>, methods> entries;

  const Node* literal(std::string_view part) const noexcept {
    for (const auto& [text, node] : literals)
      if (text == part) return node.get();
    return nullptr;
  }
};

/// One search through the tree: tries a literal part before a parameter, and backtracks.
struct RouteTable::Search {
  std::span<const std::string_view> parts;
  Method method;
  unsigned roles;
  const RouteEntry* entry = nullptr;
  const Node* known = nullptr;
  const RouteEntry* behindEmpty = nullptr;
  bool empty = false;

  void walk(const Node& node, std::size_t depth) {
    if (depth == parts.size()) return arrive(node);
    if (const Node* next = node.literal(parts[depth])) walk(*next, depth + 1);
    if (entry != nullptr || !node.parameter) return;
    const bool before = empty;
    empty = empty || parts[depth].empty();
    walk(*node.parameter, depth + 1);
    empty = before;
  }

  /// HEAD finds GET, unless that changes something: HEAD must stay safe.
  static const RouteEntry* entryFor(const Node& node, Method method) {
    const RouteEntry* exact = node.entries[indexOf(method)].get();
    if (exact != nullptr || method != Method::head) return exact;
    const RouteEntry* get = node.entries[indexOf(Method::get)].get();
    return get != nullptr && !get->route.flags.changes ? get : nullptr;
  }

  void arrive(const Node& node) {
    for (const auto& one : node.entries) {
      if (!isVisible(one.get(), roles)) continue;
      if (empty)
        behindEmpty = one.get();
      else if (known == nullptr)
        known = &node;
    }
    const RouteEntry* wanted = entryFor(node, method);
    if (!empty && isVisible(wanted, roles)) entry = wanted;
  }
};

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
RouteTable::~RouteTable() = default;

void RouteTable::add(RouteEntry entry) {
  Node* node = root_.get();
  std::string_view path = entry.route.path.substr(1);
  for (std::size_t index = 0;; ++index) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (part.starts_with('{')) {
      entry.parameters.emplace_back(part.substr(1, part.size() - 2), index);
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    } else {
      if (node->literal(part) == nullptr) node->literals.emplace_back(part, std::make_unique<Node>());
      for (const auto& [text, next] : node->literals)
        if (text == part) {
          node = next.get();
          break;
        }
    }
    if (slash == path.size()) break;
    path.remove_prefix(slash + 1);
  }
  auto& place = node->entries[indexOf(entry.route.method)];
  if (place)
    throw Error(Fault::internal, fmt::format("route {}: another route has the same method and path", entry.route.name));
  place = std::make_unique<RouteEntry>(std::move(entry));
  all_.push_back(place.get());
}

RouteTable::Match RouteTable::find(const PathParts& path, Method method, unsigned roles) const {
  Search search{path.all(), method, roles};
  search.walk(*root_, 0);
  Match match;
  match.entry = search.entry;
  if (match.entry != nullptr && method != Method::options) return match;
  if (search.known != nullptr) {
    for (const auto& [one, token] : tokens) {
      const RouteEntry* entry = Search::entryFor(*search.known, one);
      if (isVisible(entry, roles)) {
        match.plainErrors = match.plainErrors || entry->route.flags.plainErrors;
        match.isContent = match.isContent || entry->isContent;
        if (!entry->route.header.first.empty()) match.header = entry->route.header;
      } else if (one != Method::options) {
        continue;
      }
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += token;
    }
  } else if (search.behindEmpty != nullptr) {
    match.plainErrors = search.behindEmpty->route.flags.plainErrors;
    for (const auto& [name, index] : search.behindEmpty->parameters)
      if (path.all()[index].empty()) match.emptyParameter = name;
  }
  return match;
}

}  // namespace video::http
