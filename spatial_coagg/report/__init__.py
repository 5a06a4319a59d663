"""Tables, maps, sentences and the page they form."""
