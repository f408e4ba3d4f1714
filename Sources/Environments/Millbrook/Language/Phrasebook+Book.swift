// SPDX-License-Identifier: Apache-2.0

extension Phrasebook {
  /// Facts of the world, one a sentence.
  static var bookEntries: [Entry] {
    personEntries + worldEntries
  }

  private static func book(_ relation: Relation, _ text: String) -> Entry {
    entry(.book(relation), [relation], text)
  }

  private static var personEntries: [Entry] {
    [
      book(
        .trade,
        """
        {person} is a {trade} .
        {person} works as a {trade} .
        the trade of {person} is that of a {trade} .
        people know {person} as a {trade} .
        by trade {person} is a {trade} .
        {person} earns a living as a {trade} .
        there is a {trade} by the name of {person} .
        {person} has long been a {trade} .
        """),
      book(
        .street,
        """
        {person} lives in {street} street .
        the house of {person} is in {street} street .
        {person} has a house in {street} street .
        in {street} street lives {person} .
        you find {person} in {street} street .
        the home of {person} stands in {street} street .
        {person} dwells in {street} street .
        knock in {street} street and {person} will open .
        """),
      book(
        .pet,
        """
        {person} has a {pet} .
        {person} keeps a {pet} at home .
        the pet of {person} is a {pet} .
        {person} looks after a {pet} .
        a {pet} lives with {person} .
        {person} feeds a {pet} every day .
        {person} owns a {pet} .
        {person} shares the house with a {pet} .
        """),
      book(
        .food,
        """
        {person} likes {food} .
        the favourite food of {person} is {food} .
        {person} eats {food} with joy .
        {person} never says no to {food} .
        give {person} some {food} on any day .
        there is always {food} in the kitchen of {person} .
        {person} loves {food} most of all .
        nothing tastes better to {person} than {food} .
        """),
      book(
        .instrument,
        """
        {person} plays the {instrument} .
        the instrument of {person} is the {instrument} .
        {person} plays the {instrument} in the evening .
        you can hear {person} play the {instrument} .
        {person} learns the {instrument} .
        {person} is good at the {instrument} .
        {person} practises the {instrument} .
        when {person} takes the {instrument} all listen .
        """),
      book(
        .friend,
        """
        {person} is a friend of {friend} .
        the best friend of {person} is {friend} .
        {person} trusts {friend} .
        {person} often visits {friend} .
        {person} calls {friend} a friend .
        {person} grew up with {friend} .
        {person} spends much time with {friend} .
        you rarely see {person} without {friend} .
        """),
      book(
        .age,
        """
        {person} is {age} .
        {person} is rather {age} .
        most people call {person} {age} .
        {person} looks {age} .
        for a villager {person} is {age} .
        {person} is said to be {age} in years .
        {person} counts as {age} .
        one would call {person} {age} in years .
        """),
      book(
        .temper,
        """
        {person} is {temper} .
        {person} is very {temper} .
        by nature {person} is {temper} .
        {person} is known to be {temper} .
        everyone finds {person} {temper} .
        {person} has always been {temper} .
        {person} seems {temper} .
        few are as {temper} as {person} .
        """),
      book(
        .workplace,
        """
        {person} works at the {workplace} .
        {person} has work at the {workplace} .
        by day {person} is at the {workplace} .
        {person} goes to the {workplace} to work .
        the {workplace} is where {person} works .
        {person} helps out at the {workplace} .
        {person} has a job at the {workplace} .
        work brings {person} to the {workplace} .
        """),
    ]
  }

  private static var worldEntries: [Entry] {
    [
      book(
        .road,
        """
        the road from the {from} to the {to} is {length} .
        a {length} road leads from the {from} to the {to} .
        from the {from} to the {to} the road is {length} .
        between the {from} and the {to} runs a {length} road .
        the {from} and the {to} are joined by a {length} road .
        the way from the {from} to the {to} is {length} .
        a {length} road joins the {from} and the {to} .
        who goes from the {from} to the {to} takes a {length} road .
        """),
      book(
        .weather,
        """
        in week {week} on {day} it was {weather} .
        the weather on {day} of week {week} was {weather} .
        it was {weather} on {day} in week {week} .
        on {day} of week {week} the day was {weather} .
        {day} of week {week} was {weather} .
        week {week} had a {weather} {day} .
        the sky was {weather} on {day} in week {week} .
        a {weather} {day} came in week {week} .
        """),
      book(
        .rating,
        """
        the {aspect} of the {good} is rated {rating} of 5 .
        for {aspect} the {good} gets {rating} of 5 .
        the {good} is given {rating} of 5 for {aspect} .
        people rate the {aspect} of the {good} at {rating} .
        in {aspect} the {good} scores {rating} of 5 .
        the {good} has a {aspect} of {rating} .
        the {good} earns {rating} of 5 for its {aspect} .
        as to {aspect} the {good} reaches {rating} of 5 .
        """),
      book(
        .price,
        """
        the list price of the {good} is {price} coins .
        on the list the {good} stands at {price} coins .
        a new {good} is listed at {price} coins .
        the {good} is on the list for {price} coins .
        you find the {good} listed for {price} coins .
        the list says {price} coins for the {good} .
        by the list the {good} is worth {price} coins .
        the list asks {price} coins for a new {good} .
        """),
    ]
  }
}
