/** The rates that a session of venues with these quote currencies is told, as pairs: no others are ever said. */
export function ratePairsOf(quotes: readonly string[], numeraire: string): readonly string[] {
  const pairs = new Set(quotes.filter((quote) => quote !== numeraire).map((quote) => `${quote}-${numeraire}`));
  // What a bank says of the won, which the premium is told apart by.
  if (quotes.includes('KRW')) pairs.add('KRW-USD');
  return [...pairs];
}
