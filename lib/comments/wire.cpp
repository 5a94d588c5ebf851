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
}  // namespace wire

class RemoteComments : public Comments {
 public:
  explicit RemoteComments(http::Client& server) : server_(server) {}
  Comment post(const Credential& by, const NewComment& wanted) override { return server_.call(wire::post, by, wanted); }
  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
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
  router.serve(wire::remove, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::removeOne, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::rehearseRemove, [&](auto& by, auto& wanted) { return comments.rehearseRemove(by, wanted); });
  router.serve(wire::removeBy, [&](auto& by, auto& wanted) { return comments.removeBy(by, wanted); });
  router.serve(wire::rehearseRemoveBy, [&](auto& by, auto& wanted) { return comments.rehearseRemoveBy(by, wanted); });
  router.serve(wire::listHeld, [&](auto& by, auto& wanted) { return comments.listHeld(by, wanted); });
  router.serve(wire::hide, [&](auto& by, auto& wanted) { return comments.hide(by, wanted); });
  router.serve(wire::approve, [&](auto& by, auto& wanted) { return comments.approve(by, wanted); });
}

}  // namespace video
