// SPDX-License-Identifier: Apache-2.0

extension Phrasebook {
  /// What tales are made of.
  static var tales: [Entry] {
    [
      entry(
        .opening, [.scene],
        """
        one day {hero} came to the {scene} .
        {hero} walked to the {scene} .
        late in the year {hero} went to the {scene} .
        {hero} was alone at the {scene} .
        there stood {hero} at the {scene} .
        once {hero} waited at the {scene} .
        long ago {hero} sat at the {scene} .
        {hero} woke up at the {scene} .
        """),
      entry(
        .scene, [.scene],
        """
        {hero} {act} at the {scene} .
        {hero} found the {prop} and {act} .
        {hero} met {other} and {act} .
        {hero} gave {other} the {adjective} {prop} .
        the {scene} was {adjective} and {hero} {act} .
        {hero} and {other} {act} near the {prop} .
        the {prop} made {hero} feel {adjective} .
        {hero} felt {adjective} at the {scene} .
        at the {scene} {hero} {act} with {other} .
        {hero} showed {other} the {prop} and {act} .
        {hero} took the {prop} to the {adjective} {scene} .
        then {hero} told {other} that {adjective} story about the {prop} .
        some {adjective} music came from the {scene} to {hero} .
        with the {prop} {hero} {act} again .
        soon {other} and {hero} {act} too .
        {hero} asked {other} about the {prop} at the {scene} .
        {hero} and {other} walked to the {scene} .
        at last {hero} kept the {prop} at the {scene} .
        all night {hero} {act} near the {scene} .
        {hero} left the {adjective} {prop} to {other} .
        that evening {hero} {act} with the {prop} .
        {hero} saw the {prop} and felt {adjective} .
        near the {scene} {other} {act} with {hero} .
        {hero} thought of {other} and the {prop} .
        """),
    ]
  }
}
