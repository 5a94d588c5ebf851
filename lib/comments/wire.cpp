#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/fields.hpp"
#include "comments/make.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewComment, Comment> post{{.name = "comments.post",
                                              .method = Method::post,
                                              .path = "/videos/{video}/comments",
                                              .success = 201,
                                              .summary = "Comment on a video"}};
constexpr Endpoint<CommentQuery, Page<Comment>> list{{.name = "comments.list",
                                                      .method = Method::get,
                                                      .path = "/videos/{video}/comments",
                                                      .summary = "List a video's comments",
                                                      .header = {"X-List-Fields", "reverse"},
                                                      .flags = {.sharedReply = true, .takesLink = true}}};
constexpr Endpoint<CommentsByQuery, Page<Comment>> listBy{{.name = "comments.listBy",
                                                           .method = Method::get,
                                                           .path = "/user/{user_name}/comments",
                                                           .summary = "List a user's comments on all videos"}};
constexpr Endpoint<CommentRef, void> remove{{.name = "comments.remove",
                                             .method = Method::delete_,
                                             .path = "/videos/{video}/comments/{id}",
                                             .success = 204,
                                             .summary = "Delete a comment"}};
constexpr Endpoint<CommentRef, void> removeOne{{.name = "comments.remove",
                                                .method = Method::delete_,
                                                .path = "/videos/{video}/comment/{id}",
                                                .success = 204,
                                                .summary = "Delete a comment"}};
constexpr Endpoint<CommentRef, Comment> rehearseRemove{{.name = "comments.remove.rehearse",
                                                        .method = Method::post,
                                                        .path = "/videos/{video}/comments/{id}/delete/rehearse",
                                                        .summary = "Show what deleting a comment would do"}};
constexpr Endpoint<RemoveCommentsBy, RemovedComments> removeBy{
    {.name = "comments.removeBy",
     .method = Method::delete_,
     .path = "/user/{user_name}/comments",
     .summary = "Delete a user's comments on all videos, at most 500 per request"}};
constexpr Endpoint<RehearseRemoveCommentsBy, Page<Comment>> rehearseRemoveBy{
    {.name = "comments.removeBy.rehearse",
     .method = Method::post,
     .path = "/user/{user_name}/comments/delete/rehearse",
     .summary = "List the comments that deleting a user's comments would delete"}};
constexpr Endpoint<HeldCommentQuery, Page<Comment>> listHeld{{.name = "comments.listHeld",
                                                              .method = Method::get,
                                                              .path = "/comments/held",
                                                              .summary = "List held comments on all videos"}};
constexpr Endpoint<ModerateComment, Comment> hide{{.name = "comments.hide",
                                                   .method = Method::post,
                                                   .path = "/comments/{id}/hide",
                                                   .summary = "Hide a comment until it is approved"}};
constexpr Endpoint<ModerateComment, Comment> approve{{.name = "comments.approve",
                                                      .method = Method::post,
                                                      .path = "/comments/{id}/approve",
                                                      .summary = "Approve a comment, so that everyone sees it"}};
constexpr Endpoint<ExportComments, Content> exportAs{{.name = "comments.export",
                                                      .method = Method::get,
                                                      .path = "/videos/{video}/danmaku",
                                                      .summary = "Export a video's danmaku as a file",
                                                      .mediaType = "*/*",
                                                      .flags = {.takesLink = true}}};
constexpr Endpoint<ImportComments, ImportedComments> importFrom{
    {.name = "comments.import",
     .method = Method::put,
     .path = "/videos/{video}/danmaku",
     .summary = "Import danmaku from a file, which may be compressed"}};
constexpr Endpoint<HeatQuery, Heat> heat{{.name = "comments.heat",
                                          .method = Method::get,
                                          .path = "/videos/{video}/heat",
                                          .summary = "Count a video's danmaku in each hundredth of its length",
                                          .flags = {.sharedReply = true, .takesLink = true}}};
constexpr http::Route dplayerList{.name = "comments.list",
                                  .method = Method::get,
                                  .path = "/danmaku/v3/",
                                  .summary = "List a video's danmaku for DPlayer"};
constexpr http::Route dplayerPost{
    .name = "comments.post", .method = Method::post, .path = "/danmaku/v3/", .summary = "Post danmaku with DPlayer"};
}  // namespace wire

// ---- DPlayer's API, version 3: what it expects instead of the API's objects

// Number of a mode: 0 scroll, 1 top, 2 bottom. DPlayer has no comments that scroll the other way.
int dplayerType(const Comment& comment) {
  switch (comment.mode.value_or(CommentMode::scroll)) {
    case CommentMode::top: return 1;
    case CommentMode::bottom: return 2;
    default: return 0;
  }
}

// DPlayer inserts texts into the page as HTML; this is how it escapes those that its own user types.
std::string forHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#x27;"; break;
      case '/': out += "&#x2f;"; break;
      default: out += c;
    }
  }
  return out;
}

void appendForDplayer(std::string& json, const Comment& comment) {
  const std::int64_t ms = comment.positionMs.value_or(0);
  json +=
      fmt::format("[{}.{:03},{},{},", ms / 1000, ms % 1000, dplayerType(comment), comment.color.value_or(whiteColor));
  appendJson(json, forHtml(comment.importedAuthor.value_or(comment.author)));
  json += ',';
  appendJson(json, forHtml(comment.content));
  json += ']';
}

void answerDplayer(std::string data, http::Answer& answer) {
  answer.set("Content-Type", "application/json; charset=utf-8");
  answer.content.push_back({"{\"code\":0,\"data\":" + std::move(data) + "}", nullptr, 0, 0});
}

// If there are too many, takes the same share from each hundredth of the video.
void listForDplayer(Comments& comments, const http::Exchange& exchange, http::Answer& answer) {
  constexpr std::int64_t most = 10'000;
  CommentQuery query;
  query.by = CommentOrder::position;
  std::int64_t left = most;
  for (const auto& [name, value] : exchange.query()) {
    if (name == "id") query.video.text = value;
    if (name == "max") readText(value, "max", left);
  }
  left = std::clamp<std::int64_t>(left, 0, most);
  std::string data = "[";
  const auto append = [&](std::int64_t count) {
    query.cursor.reset();
    do {
      query.limit = std::clamp<std::int64_t>(count, 1, 1000);
      const Page<Comment> page = comments.list(exchange.by, query);
      for (const Comment& comment : page.items) {
        if (count-- <= 0) break;
        if (data.size() > 1) data += ',';
        appendForDplayer(data, comment);
      }
      query.cursor = page.nextCursor;
    } while (query.cursor && count > 0);
  };
  const Heat heat = comments.heat(exchange.by, {query.video});
  const std::int64_t all = std::accumulate(heat.bins.begin(), heat.bins.end(), std::int64_t{0});
  if (all <= left) {
    append(left);
  } else {
    const auto parts = std::ssize(heat.bins);
    const auto partAt = [&](std::int64_t part) {
      return heat.durationMs / parts * part + (heat.durationMs % parts * part + parts - 1) / parts;
    };
    std::int64_t before = 0;
    for (std::int64_t part = 0; part < parts; ++part) {
      const std::int64_t until = before + heat.bins[static_cast<std::size_t>(part)];
      const std::int64_t count = left * until / all - left * before / all;
      query.atFrom = partAt(part);
      query.atTo = partAt(part + 1);
      if (count > 0) append(count);
      before = until;
    }
  }
  answerDplayer(data + ']', answer);
}

// {token,id,author,time,text,color,type}; the author is ignored: the session says who posts.
void postForDplayer(Comments& comments, const http::Exchange& exchange, http::Answer& answer) {
  const nlohmann::json json = parseJson(exchange.request.body);
  if (!json.is_object()) throw Error(Fault::malformed, "body: must be a JSON object");
  // Whole numbers may arrive as 16711680.0.
  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return std::string();
    if (found->is_number_float() && std::trunc(found->get<double>()) == found->get<double>())
      return fmt::format("{:.0f}", found->get<double>());
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  NewComment wanted;
  wanted.video.text = text("id");
  wanted.content = text("text");
  wanted.positionMs = secondsToMs(text("time"));
  if (!wanted.positionMs) throw Error(Fault::malformed, "time: must be a number of seconds");
  if (const std::string color = text("color"); !color.empty()) {
    wanted.color = parseColor(color);
    if (!wanted.color) throw Error(Fault::malformed, "color: must be a number or #rrggbb");
  }
  if (const std::string type = text("type"); !type.empty()) {
    wanted.mode = dplayerMode(type);
    if (!wanted.mode) throw Error(Fault::malformed, "type: must be 0, 1 or 2");
  }
  std::string data;
  appendForDplayer(data, comments.post(exchange.by, wanted));
  answerDplayer(std::move(data), answer);
}

class RemoteComments : public Comments {
 public:
  explicit RemoteComments(http::Client& server) : server_(server) {}
  Comment post(const Credential& by, const NewComment& wanted) override { return server_.call(wire::post, by, wanted); }
  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    if (wanted.reverse.value_or(false)) return server_.callKnowing("reverse", wire::list, by, wanted);
    return server_.call(wire::list, by, wanted);
  }
  Page<Comment> listBy(const Credential& by, const CommentsByQuery& wanted) override {
    return server_.call(wire::listBy, by, wanted);
  }
  void remove(const Credential& by, const CommentRef& wanted) override { server_.call(wire::remove, by, wanted); }
  Comment rehearseRemove(const Credential& by, const CommentRef& wanted) override {
    return server_.rehearse(wire::rehearseRemove, by, wanted);
  }
  RemovedComments removeBy(const Credential& by, const RemoveCommentsBy& wanted) override {
    return server_.call(wire::removeBy, by, wanted);
  }
  Page<Comment> rehearseRemoveBy(const Credential& by, const RehearseRemoveCommentsBy& wanted) override {
    return server_.rehearse(wire::rehearseRemoveBy, by, wanted);
  }
  Page<Comment> listHeld(const Credential& by, const HeldCommentQuery& wanted) override {
    return server_.call(wire::listHeld, by, wanted);
  }
  Content exportAs(const Credential& by, const ExportComments& wanted) override {
    return server_.open(wire::exportAs, by, wanted);
  }
  ImportedComments importFrom(const Credential& by, const ImportComments& wanted, const ByteSource& file) override {
    return server_.upload(wire::importFrom, by, wanted, file);
  }
  Heat heat(const Credential& by, const HeatQuery& wanted) override { return server_.call(wire::heat, by, wanted); }
  Comment hide(const Credential& by, const ModerateComment& wanted) override {
    return server_.call(wire::hide, by, wanted);
  }
  Comment approve(const Credential& by, const ModerateComment& wanted) override {
    return server_.call(wire::approve, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Comments> makeRemoteComments(http::Client& server) {
  return std::make_unique<RemoteComments>(server);
}

void serveComments(http::Router& router, Comments& comments) {
  router.serve(wire::post, [&](auto& by, auto& wanted) { return comments.post(by, wanted); });
  // Search engines find what is said of a public video on its page.
  router.serve(
      wire::list, [&](auto& by, auto& wanted) { return comments.list(by, wanted); },
      [](const Page<Comment>&, const http::Exchange&, http::Answer& answer) { answer.set("X-Robots-Tag", "noindex"); });
  router.serve(wire::listBy, [&](auto& by, auto& wanted) { return comments.listBy(by, wanted); });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::removeOne, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::rehearseRemove, [&](auto& by, auto& wanted) { return comments.rehearseRemove(by, wanted); });
  router.serve(wire::removeBy, [&](auto& by, auto& wanted) { return comments.removeBy(by, wanted); });
  router.serve(wire::rehearseRemoveBy, [&](auto& by, auto& wanted) { return comments.rehearseRemoveBy(by, wanted); });
  router.serve(wire::listHeld, [&](auto& by, auto& wanted) { return comments.listHeld(by, wanted); });
  // Making a file is as much work as receiving one.
  router.serveContent(wire::exportAs, [&](auto& by, ExportComments& wanted, const http::Exchange& exchange) {
    const http::Request& request = exchange.request;
    const auto token = request.listener.operatorSocket ? nullptr : router.limiter().takeUpload(request.peer.address);
    return comments.exportAs(by, wanted);
  });
  router.serveUpload(
      wire::importFrom,
      [&](auto& by, auto& wanted, const ByteSource& file) { return comments.importFrom(by, wanted, file); },
      [](const ImportedComments&, const http::Exchange&, http::Answer&) {});
  router.serve(wire::heat, [&](auto& by, auto& wanted) { return comments.heat(by, wanted); });
  router.serveRaw(wire::dplayerList, [&](const http::Exchange& exchange, http::Answer& answer) {
    listForDplayer(comments, exchange, answer);
  });
  router.serveRaw(wire::dplayerPost, [&](const http::Exchange& exchange, http::Answer& answer) {
    postForDplayer(comments, exchange, answer);
  });
  router.serve(wire::hide, [&](auto& by, auto& wanted) { return comments.hide(by, wanted); });
  router.serve(wire::approve, [&](auto& by, auto& wanted) { return comments.approve(by, wanted); });
}

}  // namespace video
