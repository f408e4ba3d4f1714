// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Feedback

@Suite("Roles of messages")
struct MessageRoleTests {
  @Test(
    "a role that only the chat template knows is kept",
    arguments: ["ipython", "function", "critic", "tool_response"])
  func ownRoles(name: String) throws {
    #expect(try Message.Role(name: name).rawValue == name)
  }

  @Test("the common roles are themselves")
  func commonRoles() throws {
    for role in Message.Role.common { #expect(try Message.Role(name: role.rawValue) == role) }
  }

  @Test(
    "slips and names of other formats are refused with what was meant",
    arguments: [
      ("Assistant", "assistant"), ("asistant", "assistant"), ("user ", "user"), ("usre", "user"),
      ("human", "user"), ("GPT", "assistant"), ("tools", "tool"),
    ])
  func slips(name: String, meant: String) {
    let error = #expect(throws: Message.Role.NameError.self) { try Message.Role(name: name) }
    #expect(error?.reason.hasSuffix("found \"\(name)\" (\(meant)?)") == true)
  }

  @Test("an empty role is refused", arguments: ["", "  "])
  func empty(name: String) {
    #expect(throws: Message.Role.NameError.self) { try Message.Role(name: name) }
  }
}
