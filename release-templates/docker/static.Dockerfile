# {{ app | name }}: files.
{% if build %}
FROM {{ build.image }} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN {{ build.command | exec }}

{% endif %}
FROM {{ image }}
COPY {% if build %}--from=build /app/{{ public }} {% else %}{{ public }} {% endif %}/usr/share/nginx/html
EXPOSE {{ port }}
