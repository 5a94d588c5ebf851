#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "tokens/fields.hpp"
#include "tokens/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewToken, CreatedToken> create{{.name = "tokens.create",
                                                   .method = Method::post,
                                                   .path = "/user/{user_name}/tokens",
                                                   .success = 201,
                                                   .summary = "Create an API token; it is shown only once"}};
constexpr Endpoint<OfUserQuery, Page<Token>> list{
    {.name = "tokens.list", .method = Method::get, .path = "/tokens", .summary = "List API tokens"}};
constexpr Endpoint<OfUserQuery, Page<Token>> listOf{
    {.name = "tokens.list", .method = Method::get, .path = "/user/{user_name}/tokens", .summary = "List API tokens"}};
constexpr Endpoint<RevokeTokens, void> revokeAll{{.name = "tokens.revokeAll",
                                                  .method = Method::delete_,
                                                  .path = "/tokens",
                                                  .success = 204,
                                                  .summary = "Revoke all API tokens"}};
// On a path of its own: a server that does not know labels would revoke all.
constexpr Endpoint<RevokeTokens, void> revokeLabelled{{.name = "tokens.revokeAll",
                                                       .method = Method::delete_,
                                                       .path = "/tokens/label/{label}",
                                                       .success = 204,
                                                       .summary = "Revoke the API tokens that have a label"}};
constexpr Endpoint<TokenRef, void> revoke{{.name = "tokens.revoke",
                                           .method = Method::delete_,
                                           .path = "/tokens/{id}",
                                           .success = 204,
                                           .summary = "Revoke an API token"}};
}  // namespace wire

class RemoteTokens : public Tokens {
 public:
  explicit RemoteTokens(http::Client& server) : server_(server) {}
  CreatedToken create(const Credential& by, const NewToken& wanted) override {
    return server_.call(wire::create, by, wanted);
  }
  Page<Token> list(const Credential& by, const OfUserQuery& wanted) override {
    return server_.call(wanted.name ? wire::listOf : wire::list, by, wanted);
  }
  void revokeAll(const Credential& by, const RevokeTokens& wanted) override {
    if (wanted.label)
      server_.callKnown(wire::revokeLabelled, by, wanted, "revoke tokens by their label");
    else
      server_.call(wire::revokeAll, by, wanted);
  }
  void revoke(const Credential& by, const TokenRef& wanted) override { server_.call(wire::revoke, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Tokens> makeRemoteTokens(http::Client& server) {
  return std::make_unique<RemoteTokens>(server);
}

void serveTokens(http::Router& router, Tokens& tokens) {
  router.serve(wire::create, [&](auto& by, auto& wanted) { return tokens.create(by, wanted); });
  for (const auto& endpoint : {wire::list, wire::listOf})
    router.serve(endpoint, [&](auto& by, auto& wanted) { return tokens.list(by, wanted); });
  for (const auto& endpoint : {wire::revokeAll, wire::revokeLabelled})
    router.serve(endpoint, [&](auto& by, auto& wanted) { tokens.revokeAll(by, wanted); });
  router.serve(wire::revoke, [&](auto& by, auto& wanted) { tokens.revoke(by, wanted); });
}

}  // namespace video
