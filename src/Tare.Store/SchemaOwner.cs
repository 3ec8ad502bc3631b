namespace Tare.Store;

/// <summary>
/// A floor of the house that keeps tables in the database. Its version is the number of migrations that have been
/// carried out; they only ever get more, and one that has been released never changes.
/// </summary>
/// <param name="Name">The floor; its tables' names start with it by habit.</param>
/// <param name="Migrations">SQL scripts, the oldest first; each is carried out once, in the same transaction as its count.</param>
public sealed record SchemaOwner(string Name, IReadOnlyList<string> Migrations);
