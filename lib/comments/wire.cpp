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
                                                      .flags = {.sharedReply = true, .takesLink = true}}};
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
}  // namespace wire

class RemoteComments : public Comments {
 public:
  explicit RemoteComments(http::Client& server) : server_(server) {}
  Comment post(const Credential& by, const NewComment& wanted) override { return server_.call(wire::post, by, wanted); }
  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  void remove(const Credential& by, const CommentRef& wanted) override { server_.call(wire::remove, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Comments> makeRemoteComments(http::Client& server) {
  return std::make_unique<RemoteComments>(server);
}

void serveComments(http::Router& router, Comments& comments) {
  router.serve(wire::post, [&](auto& by, auto& wanted) { return comments.post(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return comments.list(by, wanted); });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::removeOne, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
}

}  // namespace video
