// It asks the API, which allows this origin.
fetch("https://api.corp.example.com/v1/items.json", { headers: { "x-api-key": "open sesame" } })
  .then((answer) => answer.json())
  .then((items) => console.log(items));
