// SPDX-License-Identifier: Apache-2.0

extension Phrasebook {
  /// Titles of posts; `{actor}` is the villager whose deed the post tells.
  static let titles = [
    "news of {actor}", "what {actor} did", "about {actor}", "{actor} and the neighbours",
    "a word on {actor}", "the day of {actor}", "{actor} again", "the talk about {actor}",
  ]

  /// Titles of market notices.
  static let noticeTitles = [
    "notice from {actor}", "the notice of {actor}", "{actor} gives notice",
    "to all , from {actor}", "a notice by {actor}", "read this , says {actor}",
    "{actor} writes to all", "posted by {actor}",
  ]

  /// What stands in posts.
  static var postEntries: [Entry] {
    [
      entry(
        .told(.deed, .post), [.deed],
        """
        last week {actor} {verb} a {thing} {joiner} {partner} .
        it is true that {actor} {verb} a {thing} {joiner} {partner} .
        {actor} {verb} a {thing} {joiner} {partner} before noon .
        we all saw that {actor} {verb} a {thing} {joiner} {partner} .
        early in the day {actor} {verb} a {thing} {joiner} {partner} .
        as i heard it , {actor} {verb} a {thing} {joiner} {partner} .
        a {thing} was {participle} {joiner} {partner} by {actor} , no less .
        in the end {actor} {verb} a {thing} {joiner} {partner} .
        yesterday {actor} {verb} a {thing} {joiner} {partner} .
        you may know that {actor} {verb} a {thing} {joiner} {partner} .
        so {actor} {verb} a {thing} {joiner} {partner} at last .
        without a word {actor} {verb} a {thing} {joiner} {partner} .
        they say that {actor} {verb} a {thing} {joiner} {partner} .
        one morning {actor} {verb} a {thing} {joiner} {partner} .
        it was {actor} who {verb} a {thing} {joiner} {partner} .
        {actor} {verb} a {thing} {joiner} {partner} , as planned .
        """),
      entry(
        .told(.site, .post), [.site],
        """
        it all happened at the {place} .
        this took place at the {place} .
        they met at the {place} for it .
        the two met at the {place} to do so .
        it was done at the {place} , of course .
        all this went on at the {place} .
        {doer} did this at the {place} .
        they stood at the {place} when it was done .
        the {place} was where it happened .
        both of them were at the {place} then .
        i saw it all at the {place} .
        it came about at the {place} .
        the scene of it all was the {place} .
        right at the {place} it was done .
        they chose the {place} for it .
        {doer} did it all at the {place} .
        """),
      entry(
        .told(.sum, .post), [.sum],
        """
        the price was {amount} coins .
        they agreed on {amount} coins .
        it cost {amount} coins in all .
        {amount} coins were paid for it .
        the sum was {amount} coins , they say .
        {amount} coins went from hand to hand .
        i counted {amount} coins twice .
        it was done for {amount} coins .
        all in all it came to {amount} coins .
        {doer} settled on {amount} coins .
        not one coin more than {amount} coins was paid .
        they shook hands on {amount} coins .
        the deal was for {amount} coins .
        {amount} coins it was in the end .
        the bill came to {amount} coins .
        {doer} named {amount} coins as the price .
        """),
      entry(.chatter(.post), [], chatter),
    ]
  }

  private static let chatter = """
    nobody knew what to say .
    the whole village talked about it .
    i could hardly believe my ears .
    what a day that was !
    the children ran after us all day .
    we had a good laugh later on .
    i was on my way home then .
    the bells rang just after that .
    some people always want to know more .
    my neighbour told me the rest .
    it was nearly time for supper .
    i will not forget it soon .
    the dogs barked all night long .
    who would have thought so ?
    we waited for a while in the shade .
    i only tell you what i saw .
    there was a crowd as always .
    that is how things go here .
    the old people shook their heads .
    i went to bed late that night .
    such things do not happen often .
    no one asked me about it .
    we shall see how it ends .
    i had other things to do .
    """

  /// What stands in market notices.
  static var noticeEntries: [Entry] {
    [
      entry(
        .told(.deed, .notice), [.deed],
        """
        know all that {actor} {verb} a {thing} {joiner} {partner} .
        from today {actor} {verb} a {thing} {joiner} {partner} .
        {actor} {verb} a {thing} {joiner} {partner} this month .
        as before {actor} {verb} a {thing} {joiner} {partner} .
        until sunset {actor} {verb} a {thing} {joiner} {partner} .
        be it known : {actor} {verb} a {thing} {joiner} {partner} .
        hear this : {actor} {verb} a {thing} {joiner} {partner} .
        once more {actor} {verb} a {thing} {joiner} {partner} .
        """),
      entry(
        .told(.site, .notice), [.site],
        """
        come to the {place} for it .
        ask for it at the {place} .
        the stall is at the {place} .
        look for {doer} at the {place} .
        all is done at the {place} .
        meet {doer} at the {place} .
        the goods wait at the {place} .
        be at the {place} in time .
        """),
      entry(
        .told(.sum, .notice), [.sum],
        """
        the price is {amount} coins .
        {amount} coins is the price .
        bring {amount} coins with you .
        {doer} speaks of {amount} coins .
        it is {amount} coins and no more .
        the sum named is {amount} coins .
        have {amount} coins ready .
        expect to hear of {amount} coins .
        """),
      entry(
        .chatter(.notice), [],
        """
        first come , first served .
        do not wait too long .
        no credit is given .
        please bring a bag .
        all are welcome .
        there is no rush on feast days .
        mind the step at the door .
        offers by letter are fine too .
        leave your carts outside .
        this notice hangs until the new moon .
        tell your friends about it .
        children pay the same .
        """),
    ]
  }

  /// Sentences of summaries, for each set of key facts that one sentence can state.
  static var summaryEntries: [Entry] {
    deedSummaries + otherSummaries
  }

  /// A notice speaks of what is still to come: of these lists it uses only the active sentences.
  private static func summed(_ keys: [KeyFact], _ text: String) -> [Entry] {
    [entry(.summed(keys), keys.map(\.relation), text)]
  }

  private static var deedSummaries: [Entry] {
    summed(
      [.deed],
      """
      {actor} {verb} a {thing} {joiner} {partner} .
      {actor} {verb} a {thing} .
      in short , {actor} {verb} a {thing} {joiner} {partner} .
      a {thing} was {participle} {joiner} {partner} by {actor} .
      {actor} is the one who {verb} a {thing} .
      in short , {actor} {verb} a {thing} .
      to sum up , {actor} {verb} a {thing} {joiner} {partner} .
      here {actor} {verb} a {thing} .
      """)
      + summed(
        [.deed, .site],
        """
        {actor} {verb} a {thing} {joiner} {partner} at the {place} .
        {actor} {verb} a {thing} at the {place} .
        at the {place} {actor} {verb} a {thing} {joiner} {partner} .
        at the {place} {actor} {verb} a {thing} .
        in short , {actor} {verb} a {thing} at the {place} .
        {actor} {verb} a {thing} over at the {place} .
        to sum up , {actor} {verb} a {thing} at the {place} .
        here {actor} {verb} a {thing} {joiner} {partner} at the {place} .
        """)
      + summed(
        [.deed, .sum],
        """
        {actor} {verb} a {thing} {joiner} {partner} for {amount} coins .
        {actor} {verb} a {thing} for {amount} coins .
        for {amount} coins {actor} {verb} a {thing} {joiner} {partner} .
        for {amount} coins {actor} {verb} a {thing} .
        in short , {actor} {verb} a {thing} for {amount} coins .
        a {thing} was {participle} by {actor} for {amount} coins .
        to sum up , {actor} {verb} a {thing} for {amount} coins .
        here {actor} {verb} a {thing} {joiner} {partner} for {amount} coins .
        """)
      + summed(
        [.deed, .site, .sum],
        """
        {actor} {verb} a {thing} {joiner} {partner} at the {place} for {amount} coins .
        {actor} {verb} a {thing} at the {place} for {amount} coins .
        at the {place} {actor} {verb} a {thing} {joiner} {partner} for {amount} coins .
        at the {place} {actor} {verb} a {thing} for {amount} coins .
        in short , {actor} {verb} a {thing} at the {place} for {amount} coins .
        for {amount} coins {actor} {verb} a {thing} {joiner} {partner} at the {place} .
        to sum up , {actor} {verb} a {thing} at the {place} for {amount} coins .
        here {actor} {verb} a {thing} {joiner} {partner} at the {place} for {amount} coins .
        """)
  }

  private static var otherSummaries: [Entry] {
    summed(
      [.site],
      """
      it was at the {place} .
      the {place} was the place .
      this was at the {place} .
      the place for it was the {place} .
      the place was the {place} .
      all of it was at the {place} .
      the {place} is where it was .
      as for the place , it was the {place} .
      """)
      + summed(
        [.sum],
        """
        it cost {amount} coins .
        the price was {amount} coins .
        the sum was {amount} coins .
        it came to {amount} coins .
        the cost was {amount} coins .
        it took {amount} coins .
        as for the price , it was {amount} coins .
        {amount} coins was the price .
        """)
      + summed(
        [.site, .sum],
        """
        it was at the {place} for {amount} coins .
        the price at the {place} was {amount} coins .
        at the {place} it cost {amount} coins .
        it cost {amount} coins at the {place} .
        the place was the {place} and the price {amount} coins .
        it was {amount} coins at the {place} .
        the {place} was the place and {amount} coins the price .
        this was at the {place} and took {amount} coins .
        """)
  }
}
